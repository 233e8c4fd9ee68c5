package guardianship

import "shouwang/platform/authz"

// Rules of this mechanism.
var Rules = authz.Rules{
	"guardianship.police":   {authz.InRegion(authz.Police), authz.InCase(authz.Police)},
	"guardianship.record":   {authz.InRegion(authz.Police, authz.TownshipSupervisor, authz.CivilAffairs), authz.InCase(authz.Police)},
	"guardianship.care":     {authz.InRegion(authz.TownshipSupervisor, authz.CivilAffairs), authz.InCase(authz.VillageDirector, authz.Relief, authz.Department)},
	"guardianship.help":     {authz.InRegion(authz.TownshipSupervisor, authz.CivilAffairs), authz.InCase(authz.VillageDirector, authz.Education, authz.SchoolLeader, authz.Relief, authz.MassOrganisation, authz.SocialWorkAgency, authz.Department)},
	"guardianship.place":    {authz.InRegion(authz.CivilAffairs)},
	"guardianship.petition": {authz.InRegion(authz.CivilAffairs, authz.TownshipSupervisor)},
	"guardianship.dossier":  {authz.InRegion(authz.CivilAffairs, authz.TownshipSupervisor, authz.Police), authz.InCase(authz.Police)},
}
