package shaders

import (
	"strings"
	"testing"
)

// unrolled returns text unrolled, given these defines.
func unrolled(text string, defines ...string) (string, error) {
	known := names{}
	for _, d := range defines {
		known.define(d)
	}
	var lines []line
	for i, t := range strings.Split(text, "\n") {
		lines = append(lines, line{"x.glsl", i + 1, t})
	}
	var b strings.Builder
	err := unroll(&b, lines, known)
	return strings.TrimSuffix(b.String(), "\n"), err
}

func TestUnroll(t *testing.T) {
	for _, test := range []struct {
		text    string
		defines []string
		want    string
	}{
		{"a\n#unroll i 3\nb$i;\n#end\nc", nil, "a\nb0;\nb1;\nb2;\nc"},
		{"#unroll i TM / 4\nx$(i*4+1)\n#end", []string{"TM 8", "NAIVE"}, "x1\nx5"},
		{"\t#unroll i 2\n#unroll j 2\ns$i_$j[$(i/2)]\n#end\n#end", nil, "s0_0[0]\ns0_1[0]\ns1_0[0]\ns1_1[0]"},
		{"#unroll i 2\n#unroll i 1\na$i\n#end\nb$i\n#end", nil, "a0\nb0\na0\nb1"}, // the inner i hides the outer
		{"#unroll i N\n$(M/0)\n#end\nafter", nil, "after"},                        // in a part that is not compiled
		{"#unroll i 0\nb$i\n#end", nil, ""},
		{"v$(i % 2)", []string{"i 5"}, "v1"},
		{"no dollar", nil, "no dollar"},
	} {
		if got, err := unrolled(test.text, test.defines...); err != nil || got != test.want {
			t.Errorf("%q: %q, %v, want %q", test.text, got, err, test.want)
		}
	}
	for _, test := range []struct{ text, says string }{
		{"#unroll i 2\na$i", "x.glsl:1: #unroll without #end"},
		{"a\n$(TM)", "x.glsl:2: $(TM): TM is not defined"},
		{"$(1/0)", "division by 0"},
		{"#unroll i 1 +\n#end", "x.glsl:1"},
		{"$(1<<2)", "no operator <<"},
		{"$(f(1))", "an expression of"},
	} {
		if _, err := unrolled(test.text); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%q: %v, want %q", test.text, err, test.says)
		}
	}
}
