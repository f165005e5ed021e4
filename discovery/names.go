package discovery

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rapt-bridge/rapt-bridge/internal/text"
)

// maxName is the greatest length of a device's name in Home Assistant, in characters.
const maxName = 100

// DeviceName is a device's name as Home Assistant shows it: without what can't be printed, spaces in one piece, at most
// 100 characters. A device without a name is called by its model and the last 4 characters of its id.
func DeviceName(d Device) string {
	if name := tidy(d.Name); name != "" {
		return name
	}
	return defaultName(d)
}

func defaultName(d Device) string {
	id := strings.ToLower(d.ID)
	if len(id) > 4 {
		id = id[len(id)-4:]
	}
	return strings.TrimSpace(d.Family.Model() + " " + tidy(id))
}

// tidy makes one line of printable text of what the cloud sent; empty when nothing of it can be seen.
func tidy(s string) string {
	s = strings.TrimSuffix(text.Line(s, maxName+1), "…")
	if strings.TrimFunc(s, func(r rune) bool { return r == ' ' || text.Joiner(r) }) == "" {
		return ""
	}
	return s
}

// Distinct returns the devices with a Suffix where the names of several give the same entity ids, and without the MAC
// address where several have the same: Home Assistant would make one device of them. It is the same for any order.
func Distinct(devices []Device) []Device {
	type facts struct{ slug, long, mac string }
	all := make([]facts, len(devices))
	count := make(map[facts]int, 3*len(devices)) // of each fact by itself
	for i, d := range devices {
		s := slug(d)
		all[i] = facts{slug: s, long: s + "_" + lastFour(d.ID), mac: mac(d.MAC)}
		count[facts{slug: all[i].slug}]++
		count[facts{long: all[i].long}]++
		count[facts{mac: all[i].mac}]++
	}
	out := slices.Clone(devices)
	for i, of := range all {
		switch d := &out[i]; {
		case count[facts{slug: of.slug}] == 1:
			d.Suffix = ""
		case count[facts{long: of.long}] == 1:
			d.Suffix = lastFour(d.ID)
		default:
			d.Suffix = slugify(d.ID)
		}
		if count[facts{mac: of.mac}] > 1 {
			out[i].MAC = ""
		}
	}
	return out
}

func lastFour(id string) string {
	s := slugify(id)
	return s[max(0, len(s)-4):]
}

// slug is the part of a device's entity ids that comes from its name.
func slug(d Device) string {
	s, ok := transliterate(DeviceName(d))
	if s = slugify(s); !ok || s == "" {
		return slugify(defaultName(d))
	}
	return s
}

// slugify does to ASCII what Home Assistant does: lower case, and an underscore for each run of anything else.
func slugify(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'A' <= c && c <= 'Z':
			b = append(b, c-'A'+'a')
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
			b = append(b, c)
		case c == ',' && i > 0 && i+1 < len(s) && digit(s[i-1]) && digit(s[i+1]):
			// 1,000 is one number.
		case len(b) > 0 && b[len(b)-1] != '_':
			b = append(b, '_')
		}
	}
	return strings.Trim(string(b), "_")
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// transliterate writes the letters of European names in ASCII. ok is false when there is a letter or a digit
// of another script, of which no good entity id can be made.
func transliterate(s string) (ascii string, ok bool) {
	if strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return s, true
	}
	var b strings.Builder
	for _, r := range s {
		switch plain := latin(r); {
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case plain != "":
			b.WriteString(plain)
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			return "", false
		case unicode.IsMark(r): // an accent of its own, or the variant of an emoji
		default:
			b.WriteByte(' ')
		}
	}
	return b.String(), true
}

// latin is the ASCII, in lower case, for a letter of European names (Latin-1 and Latin Extended-A), empty for any
// other character.
func latin(r rune) string {
	for _, row := range [...]struct{ ascii, letters string }{
		{"a", "ÀÁÂÃÄÅàáâãäåĀāĂăĄą"},
		{"ae", "Ææ"},
		{"c", "ÇçĆćĈĉĊċČč"},
		{"d", "ÐðĎďĐđ"},
		{"e", "ÈÉÊËèéêëĒēĔĕĖėĘęĚě"},
		{"g", "ĜĝĞğĠġĢģ"},
		{"h", "ĤĥĦħ"},
		{"i", "ÌÍÎÏìíîïĨĩĪīĬĭĮįİı"},
		{"ij", "Ĳĳ"},
		{"j", "Ĵĵ"},
		{"k", "Ķķ"},
		{"l", "ĹĺĻļĽľĿŀŁł"},
		{"n", "ÑñŃńŅņŇň"},
		{"ng", "Ŋŋ"},
		{"o", "ÒÓÔÕÖØòóôõöøŌōŎŏŐő"},
		{"oe", "Œœ"},
		{"r", "ŔŕŖŗŘř"},
		{"s", "ŚśŜŝŞşŠš"},
		{"ss", "ß"},
		{"t", "ŢţŤťŦŧ"},
		{"th", "Þþ"},
		{"u", "ÙÚÛÜùúûüŨũŪūŬŭŮůŰűŲų"},
		{"w", "Ŵŵ"},
		{"y", "ÝýÿŶŷŸ"},
		{"z", "ŹźŻżŽž"},
	} {
		if strings.ContainsRune(row.letters, r) {
			return row.ascii
		}
	}
	return ""
}

// mac brings a MAC address to Home Assistant's form, aa:bb:cc:dd:ee:ff. Empty for anything else, and for all zeros
// and all ones, which several devices would share.
func mac(s string) string {
	out := make([]byte, 0, len("aa:bb:cc:dd:ee:ff"))
	digits, zeros, ones := 0, 0, 0
	for _, c := range []byte(strings.TrimSpace(s)) {
		switch {
		case 'A' <= c && c <= 'F':
			c += 'a' - 'A'
		case 'a' <= c && c <= 'f' || digit(c):
		case c == ':' || c == '-' || c == '.':
			continue
		default:
			return ""
		}
		if digits++; digits > 12 {
			return ""
		}
		if digits%2 == 1 && digits > 1 {
			out = append(out, ':')
		}
		out = append(out, c)
		switch c {
		case '0':
			zeros++
		case 'f':
			ones++
		}
	}
	if digits != 12 || zeros == 12 || ones == 12 {
		return ""
	}
	return string(out)
}
