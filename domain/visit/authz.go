package visit

import "shouwang/platform/authz"

// Rules of this mechanism.
var Rules = authz.Rules{
	"visit.record": {authz.InRegion(authz.VillageDirector, authz.TownshipSupervisor), authz.OnRoll(authz.SocialWorkAgency)},
	"visit.read":   {authz.InRegion(authz.VillageDirector, authz.TownshipSupervisor, authz.CivilAffairs), authz.OnRoll(authz.SocialWorkAgency)},
	"visit.due":    {authz.InRegion(authz.VillageDirector, authz.TownshipSupervisor, authz.CivilAffairs)},
}
