package assessment

import (
	"shouwang/domain/casework"
	"shouwang/platform/authz"
)

// Rules of this mechanism.
var Rules = authz.Rules{
	"assessment.lead":  {authz.InRegion(casework.Leading...)},
	"assessment.opine": {authz.InRegion(casework.Answering...), authz.InCase(casework.Helping...)},
}
