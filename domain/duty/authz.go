package duty

import "shouwang/platform/authz"

// atWork are the posts that bear duties or answer for those who do.
var atWork = []authz.Role{
	authz.VillageDirector, authz.TownshipSupervisor, authz.CivilAffairs, authz.Education,
	authz.Police, authz.Conference, authz.Supervision,
}

// units are the roles whose duties are a unit's own, wherever the child lives.
var units = []authz.Role{
	authz.SchoolLeader, authz.ClassTeacher, authz.SocialWorkAgency,
	authz.Health, authz.Relief, authz.MassOrganisation, authz.Department,
}

// Rules of this mechanism.
var Rules = authz.Rules{
	"duty.list": {authz.InRegion(atWork...), authz.OnRoll(authz.SchoolLeader, authz.ClassTeacher, authz.SocialWorkAgency), authz.AtUnit(units...)},
	// Those that tell of a child in danger, beyond the ones a post bears itself.
	"duty.confined": {authz.InRegion(authz.TownshipSupervisor, authz.CivilAffairs, authz.Police, authz.Conference, authz.Supervision)},
	"duty.hand":     {authz.InRegion(authz.TownshipSupervisor, authz.CivilAffairs)},
}
