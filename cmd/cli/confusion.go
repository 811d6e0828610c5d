package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hebb/internal/figure"
	"hebb/nets/train"
	"hebb/nets/train/chart"
)

// A confusionFlag is --confusion, which asks for a table, or --confusion FILE, which asks for a picture too.
type confusionFlag struct {
	on   bool
	file string
}

func (c *confusionFlag) String() string { return c.file }
func (c *confusionFlag) Type() string   { return "FILE" }

func (c *confusionFlag) Set(s string) (err error) {
	if !isPicture(s) {
		if c.on, err = strconv.ParseBool(s); err != nil {
			err = fmt.Errorf("want a name that ends in .png or .svg")
		}
		return err
	}
	c.on, c.file = true, s
	return nil
}

func isPicture(name string) bool {
	return slices.Contains([]string{".png", ".svg"}, strings.ToLower(filepath.Ext(name)))
}

// rest takes the file out of the arguments, where it stands after a --confusion that may stand alone.
func (c *confusionFlag) rest(args []string) []string {
	i := slices.IndexFunc(args, isPicture)
	if !c.on || i < 0 {
		return args
	}
	c.file = args[i]
	return slices.Delete(slices.Clone(args), i, i+1)
}

// A confusionPicture is the file that is to show who was taken for whom; nil: none.
type confusionPicture struct {
	*outFile
	draw func(figure.Figure, io.Writer) error
}

func (c *confusionFlag) reserve() (*confusionPicture, error) {
	if c.file == "" {
		return nil, nil
	}
	draw, err := drawer("confusion", c.file)
	if err != nil {
		return nil, err
	}
	f, err := reserve("confusion", c.file)
	return &confusionPicture{f, draw}, err
}

func (c *confusionPicture) write(v train.Evaluation) error {
	if c == nil {
		return nil
	}
	title := fmt.Sprintf("%s after step %d on the %s part of %s, %.2f %%", v.Net, v.Step, v.Part, filepath.Base(v.Data), 100*v.Accuracy)
	m := chart.Confusion{Title: title, Classes: v.Classes, Counts: v.Confusion}
	return c.outFile.write(func(w io.Writer) error { return c.draw(m.Figure(), w) })
}

func (c *confusionPicture) drop() {
	if c != nil {
		c.outFile.drop()
	}
}
