package assistance

import (
	"shouwang/domain/casework"
	"shouwang/platform/authz"
)

// Rules of this mechanism.
var Rules = authz.Rules{
	"assistance.lead":   {authz.InRegion(casework.Leading...)},
	"assistance.serve":  {authz.InRegion(casework.Leading...), authz.InCase(casework.Helping...)},
	"assistance.relief": {authz.InRegion(casework.Leading...)},
}
