package train

import (
	"strings"
	"testing"

	"hebb/nets/stack"
)

// TestSettings: words, numbers, lists and truths are read as what they are.
func TestSettings(t *testing.T) {
	r, err := Rule("phsic:kernel=cosine,groups=16,power=0.8,biased=true")
	if err != nil {
		t.Fatal(err)
	}
	want := stack.DefaultPHSIC
	want.Kernel, want.Groups, want.Power, want.Biased = "cosine", 16, 0.8, true
	if r != want {
		t.Errorf("%+v, want %+v", r, want)
	}
	for text, want := range map[string]stack.Widths{"hsic:sigma=2": "2", "hsic:sigma=0.5": "0.5", "hsic:sigma=[1, 2.5]": "1,2.5"} {
		if r, err := Rule(text); err != nil || r.(stack.HSICBottleneck).Sigma != want {
			t.Errorf("%s: %+v, %v, want a sigma of %q", text, r, err, want)
		}
	}
	for text, says := range map[string]string{
		"phsic:kernel=laplace":             `kernel "laplace", want gaussian, cosine or linear`,
		"phsic:kernel=3":                   "kernel",
		"phsic:width=3":                    "no setting is called width; there are: gamma, kernel, sigma, groups, power, delta, biased",
		"hsic:sigma=[1, true]":             "width of true",
		"hsic:alone=true,unformatted=true": "at most one",
		"predsim:beta=2":                   "beta 2",
		"last:rate=1":                      "no setting is called rate",
	} {
		if _, err := Rule(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
}
