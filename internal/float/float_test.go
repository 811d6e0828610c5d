package float

import (
	"encoding/json"
	"math"
	"testing"
)

// Finite numbers are numbers in JSON, others text, and all of them are read back.
func TestJSON(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		null OrNull
		text OrText
		want string
	}{
		{0.1, 0.1, `{"Null":0.1,"Text":0.1}`}, {-2, 1e300, `{"Null":-2,"Text":1e+300}`},
		{OrNull(nan), OrText(nan), `{"Null":null,"Text":"NaN"}`}, {0, OrText(inf), `{"Null":0,"Text":"+Inf"}`}, {0, OrText(-inf), `{"Null":0,"Text":"-Inf"}`},
	} {
		pair := struct {
			Null OrNull
			Text OrText
		}{c.null, c.text}
		got, err := json.Marshal(pair)
		if err != nil || string(got) != c.want {
			t.Errorf("%v, %v: %s, %v; want %s", c.null, c.text, got, err, c.want)
		}
		pair.Null, pair.Text = 7, 7
		err = json.Unmarshal(got, &pair)
		same := func(a, b float64) bool { return a == b || a != a && b != b }
		if err != nil || !same(float64(pair.Null), float64(c.null)) || !same(float64(pair.Text), float64(c.text)) {
			t.Errorf("%s is read as %v and %v, %v", got, pair.Null, pair.Text, err)
		}
	}
	if err := json.Unmarshal([]byte(`"seven"`), new(OrText)); err == nil {
		t.Error(`"seven" is a number`)
	}
	if err := json.Unmarshal([]byte(`"NaN"`), new(OrNull)); err == nil {
		t.Error("a string is a number or null")
	}
	if _, err := json.Marshal(OrNull(inf)); err == nil {
		t.Error("infinity is null")
	}
}

// TestHalf: every binary16 is ±2^(e−15)·(1 + f/1024) or, where e is 0, ±2⁻¹⁴·f/1024.
func TestHalf(t *testing.T) {
	for h := range 1 << 16 {
		e, f := h>>10&31, float64(h&1023)/1024
		want := math.Ldexp(1+f, e-15)
		switch {
		case e == 0:
			want = math.Ldexp(f, -14)
		case e == 31 && f == 0:
			want = math.Inf(1)
		case e == 31:
			want = math.NaN()
		}
		if h>>15 == 1 {
			want = -want
		}
		if got := float64(Half(uint16(h))); math.Float64bits(got) != math.Float64bits(want) && (got == got || want == want) {
			t.Fatalf("%#04x is %g, want %g", h, got, want)
		}
	}
}
