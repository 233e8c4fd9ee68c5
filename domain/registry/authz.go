package registry

import "shouwang/platform/authz"

// office are the posts that keep the register.
var office = []authz.Role{authz.VillageDirector, authz.TownshipSupervisor, authz.CivilAffairs}

// Rules of this mechanism, one line per action.
var Rules = authz.Rules{
	"child.list": {
		authz.InRegion(authz.VillageDirector, authz.TownshipSupervisor, authz.CivilAffairs, authz.Police, authz.Supervision, authz.Education),
		authz.OnRoll(authz.SchoolLeader, authz.ClassTeacher, authz.SocialWorkAgency, authz.Guardian),
	},
	"child.read": {
		authz.InRegion(authz.VillageDirector, authz.TownshipSupervisor, authz.CivilAffairs, authz.Police, authz.Supervision, authz.Education),
		authz.OnRoll(authz.SchoolLeader, authz.ClassTeacher, authz.SocialWorkAgency, authz.Guardian),
		authz.Named(opens...), // for a while, in an emergency
	},
	"child.reveal":  {authz.InRegion(authz.VillageDirector, authz.TownshipSupervisor, authz.CivilAffairs, authz.Police)},
	"child.add":     {authz.InRegion(office...)},
	"child.change":  {authz.InRegion(office...)},
	"child.leave":   {authz.InRegion(authz.TownshipSupervisor, authz.CivilAffairs)},
	"child.move":    {authz.InRegion(office...)},
	"file.open":     {authz.InRegion(opens...), authz.OnRoll(opens...)},
	"file.openings": {authz.InRegion(authz.TownshipSupervisor, authz.CivilAffairs, authz.AuditAdmin), authz.Mine()},
	"file.review":   {authz.InRegion(authz.TownshipSupervisor, authz.CivilAffairs)},
	"move.list":     {authz.InRegion(office...)},
	"figure.read":   {authz.InRegion(append([]authz.Role{authz.Conference, authz.Supervision, authz.Education, authz.Department, authz.Police}, office...)...)},
	"vocabulary":    {authz.Everyone()},
	"region.read":   {authz.Everyone()},
}
