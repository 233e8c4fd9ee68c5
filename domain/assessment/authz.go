package assessment

import "shouwang/platform/authz"

// Rules of this mechanism.
var Rules = authz.Rules{
	"assessment.lead":  {authz.InRegion(authz.TownshipSupervisor, authz.CivilAffairs)},
	"assessment.opine": {authz.InRegion(authz.Police, authz.TownshipSupervisor, authz.CivilAffairs), authz.InCase(authz.Police, authz.VillageDirector, authz.Education, authz.SchoolLeader, authz.Health, authz.Relief, authz.MassOrganisation, authz.SocialWorkAgency, authz.Department)},
}
