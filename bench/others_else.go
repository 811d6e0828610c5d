//go:build !linux

package bench

import "time"

// others is not known here.
func others(int) (time.Duration, bool) { return 0, false }

// clock is not known here.
func clock() float64 { return 0 }
