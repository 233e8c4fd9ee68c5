package assistance

import "shouwang/platform/authz"

// Rules of this mechanism.
var Rules = authz.Rules{
	"assistance.lead":   {authz.InRegion(authz.TownshipSupervisor, authz.CivilAffairs)},
	"assistance.serve":  {authz.InRegion(authz.TownshipSupervisor, authz.CivilAffairs), authz.InCase(authz.Police, authz.VillageDirector, authz.Education, authz.SchoolLeader, authz.Health, authz.Relief, authz.MassOrganisation, authz.SocialWorkAgency, authz.Department)},
	"assistance.relief": {authz.InRegion(authz.TownshipSupervisor, authz.CivilAffairs)},
	"assistance.read":   {authz.InRegion(authz.TownshipSupervisor, authz.CivilAffairs, authz.Conference, authz.Supervision)},
}
