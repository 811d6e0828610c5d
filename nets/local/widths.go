package local

import (
	"fmt"
	"strconv"
	"strings"

	"hebb/compute"
)

// Widths is a comma-separated list of widths of a Gaussian kernel: "5", "1,5,10".
type Widths string

// Values parses the list.
func (w Widths) Values() (all []float32, err error) {
	for text := range strings.SplitSeq(string(w), ",") {
		x, err := strconv.ParseFloat(strings.TrimSpace(text), 32)
		if err != nil || !widthOK(float32(x)) {
			return nil, fmt.Errorf("a width of %q in %q, want numbers of 1e-15 to 1e15 with commas between them", text, w)
		}
		all = append(all, float32(x))
	}
	if len(all) > compute.MaxWidths {
		return nil, fmt.Errorf("%d widths, want at most %d", len(all), compute.MaxWidths)
	}
	return all, nil
}

// UnmarshalTOML accepts a number or a list of numbers.
func (w *Widths) UnmarshalTOML(value any) error {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	texts := make([]string, len(list))
	for i, v := range list {
		switch v.(type) {
		case int64, float64:
			texts[i] = fmt.Sprint(v)
		default:
			return fmt.Errorf("a width of %v, want a number", v)
		}
	}
	*w = Widths(strings.Join(texts, ","))
	return nil
}
