package notify

import "time"

// Patience makes a gateway be given up sooner.
func (g *Gateway) Patience(d time.Duration) { g.client.Timeout = d }
