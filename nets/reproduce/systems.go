package reproduce

import (
	"slices"
	"strings"
)

// A System is a learning system, or a family that was published as one.
type System struct {
	Title string
	By    string
	Parts []Named
}

// A Named part of a [System] is what text can name: a system, a rule, a loss or a network.
type Named struct {
	Name string // "Sanger"
	Text string // "sanger", as hebb list has it, with settings where they make the part
}

// Systems are all systems of hebb. Each part of each is shown by an [Experiment].
var Systems = []System{
	{"Hebbian learning of linear units", "Hebb 1949; Oja 1982; Linsker 1986, 1988; Sanger 1989", []Named{
		{"Hebb", "hebb"}, {"covariance", "covariance"}, {"Oja", "oja"}, {"subspace", "subspace"}, {"Sanger", "sanger"},
		{"Linsker's layers", "linsker"}, {"infomax", "infomax"},
	}},
	{"Two routes to scalable credit assignment", "Kunin et al. 2020", []Named{
		{"symmetric alignment", "sa"}, {"activation alignment", "aa"}, {"information alignment", "ia"},
	}},
	{"Nonlinear Hebbian learning", "Brito and Gerstner 2016", []Named{{"rates", "nonlinear"}, {"triplet rule", "triplet"}}},
	{"Reward-modulated Hebbian learning", "Vasilaki et al. 2009", []Named{{"reversals", "vasilaki"}}},
	{"Sequence order learning", "Porr and Wörgötter 2003, 2006", []Named{{"ISO", "iso"}, {"ICO", "ico"}}},
	{"HSIC bottleneck", "Ma, Lewis and Kleijn 2020", []Named{{"HSIC bottleneck", "hsic"}}},
	{"Three-factor Hebbian learning from kernels", "Pogodin and Latham 2020", []Named{{"pHSIC", "phsic"}}},
	{"HSIC as a loss", "Greenfeld and Shalit 2020", []Named{{"HSIC loss", "hsic"}}},
	{"Online alternating minimisation", "Choromanska et al. 2019", []Named{{"alternating minimisation", "altmin"}}},
	{"Local representation alignment", "Ororbia et al. 2018, 2019", []Named{
		{"LRA-diff", "lra-diff"}, {"LRA-fdbk", "lra-fdbk"}, {"LRA-E", "lra-e"},
	}},
	{"Target propagation", "Hinton and McClelland 1988; Lee et al. 2015", []Named{
		{"difference target propagation", "dtp"}, {"recirculation", "recirculation"},
	}},
	{"Decoupled neural interfaces", "Jaderberg et al. 2017", []Named{{"synthetic gradients", "dni"}, {"with labels", "cdni"}}},
	{"Gradients through time", "Werbos 1990; Williams and Zipser 1989; Tallec and Ollivier 2018; Mujika et al. 2018", []Named{
		{"BPTT", "bptt"}, {"TBPTT", "tbptt"}, {"RTRL", "rtrl"}, {"UORO", "uoro"}, {"KF-RTRL", "kfrtrl"},
	}},
	{"Local error signals", "Nøkland and Eidnes 2019", []Named{{"pred", "pred"}, {"sim", "sim"}, {"predsim", "predsim"}}},
	{"Feedback alignment and its like", "Lillicrap et al. 2016; Nøkland 2016; Liao et al. 2016; Akrout et al. 2019", []Named{
		{"feedback alignment", "fa"}, {"direct feedback", "dfa"}, {"sign symmetry", "usf"}, {"signs with magnitudes", "frsf"},
		{"Kolen–Pollack", "kp"}, {"weight mirror", "wm"}, {"pseudo-backprop", "pbp"},
	}},
	{"Segregated dendrites", "Guerguiev, Lillicrap and Richards 2017", []Named{
		{"segregated dendrites", "dendrites"}, {"their spikes", "dendrites:spiking=true"},
	}},
	{"Retroaxonal selection", "after Harris 2008", []Named{{"selection", "retroaxonal"}}},
	{"Cascade-correlation", "Fahlman and Lebiere 1990", []Named{{"cascade-correlation with quickprop", "cascade"}}},
	{"Random feedback local online learning", "Murray 2019", []Named{{"RFLO", "rflo"}}},
	{"Synaptic scaling", "Buonomano 2005", []Named{
		{"scaling by presynaptic activity", "scaling"}, {"plain scaling", "scaling:presynaptic=false"},
	}},
	{"e-prop", "Bellec et al. 2020", []Named{
		{"symmetric feedback", "eprop"}, {"random feedback", "eprop:feedback=random"}, {"adaptive feedback", "eprop:feedback=adaptive"},
		{"BPTT through spikes", "eprop:credit=bptt"}, {"actor and critic", "reward-eprop"},
	}},
	{"Volatility and stochasticity", "Piray and Daw 2021", []Named{{"particle filter", "particles"}}},
	{"Perturbation", "Jabri and Flower 1992; Williams 1992; Züge et al. 2023", []Named{
		{"of weights", "wp"}, {"of weights with active inputs", "wp0"}, {"of nodes", "np"},
	}},
	{"Contrastive learning", "Baldi and Pineda 1991; Xie and Seung 2003; Scellier and Bengio 2017; Hinton 2022", []Named{
		{"contrastive Hebbian learning", "chl"}, {"in recurrent networks", "contrastive"}, {"equilibrium propagation", "eqprop"},
		{"predictive coding", "pc"}, {"forward-forward", "ff"},
	}},
	{"Associative memory and logic", "Hopfield 1982; Wan Abdullah 1992", []Named{
		{"Hopfield, all units at once", "hopfield"}, {"one after the other", "hopfield:async=true"}, {"logic programs", "logic"},
	}},
	{"Soft competition", "Journé et al. 2023", []Named{{"SoftHebb", "softhebb"}}},
	{"Assemblies that bind by STDP", "Müller et al. 2020", []Named{
		{"store and recall", "stdp"}, {"copy", "stdp:spaces=2"}, {"compare", "stdp:spaces=2,depressing=[0.25,706,21]"},
	}},
	{"Templates of the visual cortex", "Serre et al. 2007; Leibo and Poggio", []Named{{"HMAX", "hmax"}}},
}

// Shown returns the names of the experiments that show a part.
func (n Named) Shown() (names []string) {
	for _, e := range All {
		if _, ok := e.Systems[n.Name]; ok {
			names = append(names, e.Name)
		}
	}
	return names
}

// SystemsTable returns a line for each system, below a head, in Markdown: who described it, its parts by the texts that name
// them, and the experiments that show them.
func SystemsTable() [][]string {
	lines := [][]string{{"system", "by", "`hebb list` has", "`hebb reproduce`"}}
	for _, s := range Systems {
		var texts, shown []string
		for _, p := range s.Parts {
			text := "`" + p.Text + "`"
			if !strings.EqualFold(p.Name, p.Text) {
				text = p.Name + " " + text
			}
			texts = append(texts, text)
			for _, e := range p.Shown() {
				if e = "`" + e + "`"; !slices.Contains(shown, e) {
					shown = append(shown, e)
				}
			}
		}
		lines = append(lines, []string{s.Title, s.By, strings.Join(texts, ", "), strings.Join(shown, ", ")})
	}
	return lines
}
