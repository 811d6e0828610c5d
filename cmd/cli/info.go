package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"hebb/backend"
	"hebb/compute"
	"hebb/nets/data"
	"hebb/nets/spread/mpi"
)

func newInfoCmd() *cobra.Command {
	var format string
	var probe bool
	cmd := &cobra.Command{
		Use:   "info",
		Short: "Show backends, devices and data, and what to install for what is missing",
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := survey()
			if err == nil && probe {
				err = r.probe()
			}
			if err != nil {
				return err
			}
			if format == "json" {
				return printJSON(cmd.OutOrStdout(), r)
			}
			return r.print(cmd.OutOrStdout())
		},
	}
	cmd.Flags().Var(oneOf(&format, "table", "table", "json"), "format", "how to print it")
	cmd.Flags().BoolVar(&probe, "probe", false, "try which shader extensions the GPU's compiler takes, listed or not")
	return cmd
}

// A report is what hebb info knows.
type report struct {
	Version string            `json:"version"`
	CPU     compute.Info      `json:"cpu"`
	GPUs    []candidate       `json:"gpus"`
	MPI     string            `json:"mpi,omitempty"` // its name and version
	Data    []dataset         `json:"data"`
	Missing []string          `json:"missing"`          // what is not there and how to get it
	Probed  []backend.Feature `json:"probed,omitempty"` // what the GPU's shader compiler takes
}

// A candidate is a GPU that opens, or the reason why one does not.
type candidate struct {
	Via   string        `json:"via"`
	Info  *compute.Info `json:"info,omitempty"`
	Error string        `json:"error,omitempty"`
}

type dataset struct {
	Name   string `json:"name"`
	Folder string `json:"folder,omitempty"`
}

func survey() (*report, error) {
	b, _, err := backend.Open("cpu", backend.Options{})
	if err != nil {
		return nil, err
	}
	r := &report{Version: version(), CPU: b.Info(), Missing: []string{}}
	if err := b.Close(); err != nil {
		return nil, err
	}
	r.addGPUs()
	if r.MPI, err = mpi.Library(); err != nil {
		r.Missing = append(r.Missing, "MPI, for runs by several processes: "+err.Error())
	}
	for _, name := range data.Names() {
		dir, err := data.Find(name)
		if err != nil {
			r.Missing = append(r.Missing, err.Error())
		}
		r.Data = append(r.Data, dataset{name, dir})
	}
	return r, nil
}

func (r *report) addGPUs() {
	hardware := false
	for _, c := range backend.Devices() {
		if c.Err != nil {
			r.GPUs = append(r.GPUs, candidate{Via: c.Via, Error: c.Err.Error()})
			continue
		}
		r.GPUs = append(r.GPUs, candidate{Via: c.Via, Info: &c.Info})
		hardware = hardware || !c.Info.Software
	}
	if hardware {
		return
	}
	if m, _ := filepath.Glob("/dev/nvidia[0-9]*"); len(m) > 0 {
		r.Missing = append(r.Missing, "an OpenGL driver for the NVIDIA GPU that is here ("+m[0]+"): libnvidia-gl with its EGL vendor file "+
			"(/usr/share/glvnd/egl_vendor.d/10_nvidia.json); in a container, the driver capability graphics (NVIDIA_DRIVER_CAPABILITIES=all)")
	} else if m, _ := filepath.Glob("/dev/dri/renderD*"); len(m) > 0 {
		if f, err := os.OpenFile(m[0], os.O_RDWR, 0); err != nil {
			r.Missing = append(r.Missing, "the right to use the GPU: "+err.Error()+" (join the group render)")
		} else {
			f.Close()
			r.Missing = append(r.Missing, "an OpenGL driver for the GPU at "+m[0]+": apt install libegl1 libgl1-mesa-dri, or the vendor's")
		}
	} else {
		r.Missing = append(r.Missing, "a GPU: no /dev/nvidia* and no /dev/dri/renderD* on this machine")
	}
}

// probe adds what the compiler of the first GPU takes; without a GPU there is nothing to ask.
func (r *report) probe() error {
	var o backend.Options
	o.GPU.Device = -1
	features, err := backend.Probe(o)
	if errors.Is(err, compute.ErrUnavailable) {
		return nil // r.GPUs says why
	}
	r.Probed = features
	return err
}

func (r *report) print(w io.Writer) error {
	fmt.Fprintln(w, r.Version)
	fmt.Fprintf(w, "\n%s\n", r.CPU)
	printLimits(w, r.CPU)
	for _, c := range r.GPUs {
		if c.Error != "" {
			fmt.Fprintf(w, "\ngpu via %s: no: %s\n", c.Via, c.Error)
			continue
		}
		fmt.Fprintf(w, "\n%s, via %s\n", c.Info, c.Via)
		printLimits(w, *c.Info)
		if n := len(c.Info.Extensions); n > 0 {
			fmt.Fprintf(w, "    %d extensions (--format json lists them)\n", n)
		}
	}
	fmt.Fprintln(w)
	for _, f := range r.Probed {
		answer, _, _ := strings.Cut(cmp.Or(f.Err, "yes"), "\n")
		fmt.Fprintf(w, "shader %s, for %s: %s\n", f.Name, f.For, answer)
	}
	if r.MPI != "" {
		fmt.Fprintln(w, "MPI:", r.MPI)
	}
	for _, d := range r.Data {
		if d.Folder != "" {
			fmt.Fprintf(w, "data %s: %s\n", d.Name, d.Folder)
		}
	}
	_, err := fmt.Fprintln(w)
	for _, m := range r.Missing {
		_, err = fmt.Fprintln(w, "missing:", m)
	}
	return err
}

func printLimits(w io.Writer, i compute.Info) {
	width := 0
	for _, l := range i.Limits {
		width = max(width, len(l.Name))
	}
	for _, l := range i.Limits {
		fmt.Fprintf(w, "    %-*s  %d\n", width, l.Name, l.Value)
	}
}
