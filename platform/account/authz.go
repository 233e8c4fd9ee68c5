package account

import "shouwang/platform/authz"

// Rules of this package, one line per action.
var Rules = authz.Rules{
	"session.own":         {authz.Everyone()},
	"organisation.list":   {authz.InRegion(authz.SystemAdmin, authz.SecurityAdmin, authz.CivilAffairs, authz.Conference, authz.Supervision, authz.TownshipSupervisor)},
	"organisation.change": {authz.InRegion(authz.SystemAdmin)},
	"user.list":           {authz.InRegion(authz.SecurityAdmin, authz.CivilAffairs, authz.Conference, authz.TownshipSupervisor)},
	"user.change":         {authz.InRegion(authz.SecurityAdmin)},
	"journal.list":        {authz.InRegion(authz.AuditAdmin)},
}
