package emergency

import (
	"shouwang/domain/casework"
	"shouwang/platform/authz"
)

// Rules of this mechanism. The police act; who is asked to help or receives a
// child answers for itself, as a unit that takes part in the case.
var Rules = authz.Rules{
	"emergency.record":  {authz.InRegion(authz.Police), authz.InCase(authz.Police)},
	"emergency.assist":  {authz.InRegion(casework.Leading...), authz.InCase(casework.Helping...)},
	"emergency.receive": {authz.InRegion(casework.Leading...), authz.InCase(casework.Helping...)},
	"emergency.notify":  {authz.InRegion(casework.Answering...), authz.InCase(casework.Helping...)},
}
