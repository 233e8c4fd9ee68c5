package casework

import "shouwang/platform/authz"

// Answering are the offices that answer for a child in danger at their place,
// Leading those that lead its assessment and help, Helping the posts of units
// that take part in a case once it names them.
var (
	Answering = []authz.Role{authz.Police, authz.TownshipSupervisor, authz.CivilAffairs}
	Leading   = []authz.Role{authz.TownshipSupervisor, authz.CivilAffairs}
	Helping   = []authz.Role{authz.Police, authz.VillageDirector, authz.Education, authz.SchoolLeader, authz.Health, authz.Relief, authz.MassOrganisation, authz.SocialWorkAgency, authz.Department}
)

// Rules of reading. A unit that was asked in reads what it was asked and what it
// answered; the rest of the case is for those who answer for the child.
var Rules = authz.Rules{
	"casework.words": {authz.Everyone()},
	"casework.read":  {authz.InRegion(Answering...), authz.InCase(authz.Police)},
	"casework.own":   {authz.InRegion(Answering...), authz.InCase(Helping...)},
}
