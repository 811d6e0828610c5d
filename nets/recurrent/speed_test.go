package recurrent_test

import (
	"fmt"
	"testing"

	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/recurrent"
)

var fifty = recurrent.Leaky{Units: 50, Tau: 10, Gain: 1.5}

// BenchmarkRFLO times a moment of the rule online, in networks of 50 units.
func BenchmarkRFLO(b *testing.B) {
	for _, learners := range []int{1, 16, 1024} {
		b.Run(fmt.Sprint(learners), func(b *testing.B) {
			lab.Timed(b, ofSines(learners, func() nets.System { return &recurrent.RFLO{Leaky: fifty} }))
		})
	}
}

// BenchmarkRTRL times a moment of the rule online, in 16 networks of 50 units.
func BenchmarkRTRL(b *testing.B) {
	lab.Timed(b, ofSines(16, func() nets.System { return &recurrent.RTRL{Leaky: fifty} }))
}

func ofSines(learners int, system func() nets.System) nets.Run {
	return nets.Run{System: system, Task: sines(50, 1, 1), Learners: learners, Rate: 1e-4}
}
