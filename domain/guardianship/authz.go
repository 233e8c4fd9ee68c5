package guardianship

import (
	"shouwang/domain/casework"
	"shouwang/platform/authz"
)

// Rules of this mechanism. Only civil affairs place a child; who has it in care
// says how it goes.
var Rules = authz.Rules{
	"guardianship.police":   {authz.InRegion(authz.Police), authz.InCase(authz.Police)},
	"guardianship.record":   {authz.InRegion(casework.Answering...), authz.InCase(authz.Police)},
	"guardianship.care":     {authz.InRegion(casework.Leading...), authz.InCase(authz.VillageDirector, authz.Relief, authz.Department)},
	"guardianship.help":     {authz.InRegion(casework.Leading...), authz.InCase(casework.Helping...)},
	"guardianship.place":    {authz.InRegion(authz.CivilAffairs)},
	"guardianship.petition": {authz.InRegion(casework.Leading...)},
	"guardianship.dossier":  {authz.InRegion(casework.Answering...), authz.InCase(authz.Police)},
}
