package discovery

import "strings"

// endStep is how exact the end of a profile is in Home Assistant, seconds: the cloud's estimate wobbles by less.
const endStep = 60

// What texts show that have nothing to tell.
const (
	noError   = "none"
	noProfile = "idle"
)

// stepOfCount is how the place in a profile reads, with names in braces for what is filled in.
const stepOfCount = "{step}, step {number} of {count}"

// composition is a text made of several members of the document.
type composition struct {
	texts    []string // in English, to be translated
	template func(texts []string) string
}

// profileText reads "Primary, step 1 of 3", or as much of it as is known, and "idle" while no profile runs.
func profileText() *composition {
	return &composition{
		texts: []string{noProfile, stepOfCount},
		template: func(texts []string) string {
			place := strings.NewReplacer("{step}", "'~s~'", "{number}", "'~n|int~'", "{count}", "'~c|int~'").
				Replace("'" + jinja(texts[1]) + "'")
			return "{%set d=" + document + "%}{%set p,s,n,c=d.get('active_profile'),d.get('active_profile_step'),d.get('profile_step_number')," +
				"d.get('profile_step_count')%}{{(" + place + " if s and n is number and c is number else s or p or '" + jinja(texts[0]) +
				"')|truncate(255,true,'…',0)}}"
		},
	}
}

// profileAttributes tell the rest. What changes with every reading is not among them: an attribute that changes is a
// change to Home Assistant's recorder.
func profileAttributes() []attribute {
	return []attribute{
		{"name", "d.get('active_profile')"},
		{"step", "d.get('active_profile_step')"},
		{"step_number", "d.get('profile_step_number')"},
		{"step_count", "d.get('profile_step_count')"},
		{"target_temperature", "d.get('profile_step_target')"},
		{"next_step", "d.get('profile_next_step')"},
		{"end", roundedDown("d.get('profile_estimated_end')", endStep)},
		{"progress", "d.get('profile_progress')|round(0,default=none)"},
	}
}
