package grow_test

import (
	"fmt"
	"testing"

	"hebb/nets"
	"hebb/nets/grow"
	"hebb/nets/internal/lab"
	"hebb/nets/tasks"
)

// BenchmarkCascade times an epoch on the two spirals, for the first thousand epochs of the given number of learners.
func BenchmarkCascade(b *testing.B) {
	for _, learners := range []int{1, 64} {
		b.Run(fmt.Sprint(learners), func(b *testing.B) {
			lab.Timed(b, nets.Run{System: grow.Systems[0].System, Task: func() nets.Task { return &tasks.Spirals{} }, Learners: learners, Rate: 0.35})
		})
	}
}
