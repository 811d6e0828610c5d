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
