//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"strings"
	"testing"
)

// TestProbe: a driver's refusal is its own words, and the device is fine afterwards.
func TestProbe(t *testing.T) {
	opened(t).Close()
	info, features, err := Probe(Options{})
	if err != nil || len(features) != len(trials) {
		t.Fatal(features, err)
	}
	listed := strings.Join(info.Extensions, " ") + " "
	for _, f := range features {
		t.Logf("%-48s %-28s %.90q", f.Name, f.For, f.Err)
		// Of these a driver that lists them takes the shader, and one that does not refuses it.
		if strings.HasPrefix(f.Name, "GL_NV_") || strings.HasPrefix(f.Name, "GL_ARB_") {
			if (f.Err == "") != strings.Contains(listed, f.Name+" ") {
				t.Errorf("%s: listed %v, compiled: %q", f.Name, f.Err != "", f.Err)
			}
		}
	}
}
