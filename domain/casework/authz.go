package casework

import "shouwang/platform/authz"

var (
	answering = []authz.Role{authz.Police, authz.TownshipSupervisor, authz.CivilAffairs}
	helping   = []authz.Role{authz.Police, authz.VillageDirector, authz.Education, authz.SchoolLeader, authz.Health, authz.Relief, authz.MassOrganisation, authz.SocialWorkAgency, authz.Department}
)

// Rules of reading. A unit that was asked in reads what it was asked and what it
// answered; the rest of the case is for those who answer for the child.
var Rules = authz.Rules{
	"casework.words": {authz.Everyone()},
	"casework.read":  {authz.InRegion(answering...), authz.InCase(authz.Police)},
	"casework.own":   {authz.InRegion(answering...), authz.InCase(helping...)},
}
