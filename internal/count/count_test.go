package count

import "testing"

func TestOf(t *testing.T) {
	for want, got := range map[string]string{"1 class": Of(1, "class"), "0 classes": Of(0, "class"), "2 numbers": Of(2, "number"), "1 number": Of(1, "number")} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
