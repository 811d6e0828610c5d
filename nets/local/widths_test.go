package local_test

import (
	"reflect"
	"strings"
	"testing"

	"hebb/nets/local"
)

// TestWidths: what is read, and what is refused by what it says.
func TestWidths(t *testing.T) {
	for text, want := range map[string][]float32{"5": {5}, "0.5,1,2": {0.5, 1, 2}, " 1 , 2e3": {1, 2000}} {
		if got, err := local.Widths(text).Values(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	for text, says := range map[string]string{"": `""`, "1,,2": `""`, "0": `"0"`, "-1": `"-1"`, "NaN": "NaN", "1,2,3,4,5,6,7,8,9": "9 widths"} {
		if _, err := local.Widths(text).Values(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
}
