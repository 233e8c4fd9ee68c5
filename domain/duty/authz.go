package duty

import "shouwang/platform/authz"

// atWork are the posts that bear duties or answer for those who do.
var atWork = []authz.Role{
	authz.VillageDirector, authz.TownshipSupervisor, authz.CivilAffairs, authz.Education,
	authz.Police, authz.Conference, authz.Supervision,
}

// Rules of this mechanism.
var Rules = authz.Rules{
	"duty.list": {authz.InRegion(atWork...), authz.OnRoll(authz.SchoolLeader, authz.ClassTeacher, authz.SocialWorkAgency)},
	"duty.mine": {authz.Everyone()},
	"duty.hand": {authz.InRegion(authz.TownshipSupervisor, authz.CivilAffairs)},
}
