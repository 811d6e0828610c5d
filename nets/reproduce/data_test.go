package reproduce

import (
	"slices"
	"testing"
)

// TestDataOf: experiments name the data that they learn from, each once; those that make their own name none.
func TestDataOf(t *testing.T) {
	for name, want := range map[string][]string{
		"altmin": {"mnist"}, "credit": {"mnist"}, "dendrites": {"mnist"}, "hmax": {"fashion-mnist", "mnist"}, "softhebb": {"fashion-mnist", "mnist"},
		"receptive-fields": {Photographs}, "hopfield": nil, "weight-transport": {"mnist"},
	} {
		_, scale, err := Find(All, name, "cpu")
		if err != nil {
			t.Fatal(err)
		}
		if got := DataOf(scale.Parts); !slices.Equal(got, want) {
			t.Errorf("%s learns from %q, want %q", name, got, want)
		}
	}
}
