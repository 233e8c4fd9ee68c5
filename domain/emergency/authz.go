package emergency

import "shouwang/platform/authz"

var receiving = []authz.Role{authz.VillageDirector, authz.Relief, authz.Department, authz.Health, authz.SchoolLeader, authz.SocialWorkAgency, authz.MassOrganisation, authz.Education}

// Rules of this mechanism. The police act; who is asked to help or receives a
// child answers for itself, as a unit that takes part in the case.
var Rules = authz.Rules{
	"emergency.record":  {authz.InRegion(authz.Police), authz.InCase(authz.Police)},
	"emergency.assist":  {authz.InRegion(authz.TownshipSupervisor, authz.CivilAffairs), authz.InCase(append([]authz.Role{authz.Police}, receiving...)...)},
	"emergency.receive": {authz.InRegion(authz.TownshipSupervisor, authz.CivilAffairs), authz.InCase(receiving...)},
	"emergency.notify":  {authz.InRegion(authz.Police, authz.TownshipSupervisor, authz.CivilAffairs), authz.InCase(append([]authz.Role{authz.Police}, receiving...)...)},
}
