// Package count puts numbers of things into words, for messages.
package count

import (
	"fmt"
	"strings"
)

// Of returns a number with its noun, given in the singular: 1 class, 2 classes.
func Of(n int, noun string) string {
	if n != 1 {
		if strings.HasSuffix(noun, "s") {
			noun += "e"
		}
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
