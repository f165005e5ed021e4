package text

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestLine(t *testing.T) {
	for _, c := range []struct{ is, in, want string }{
		{"a name", "Fridge", "Fridge"},
		{"spaces around it", "  Fridge \n", "Fridge"},
		{"a control character", "a\x00b\tc", "a b c"},
		{"the direction of writing turned round", "a\u202eb", "ab"},
		{"an emoji of several", "👨\u200d🍳", "👨\u200d🍳"},
		{"not UTF-8", "a\xffb", "ab"},
		{"just as long as allowed", "1234567890", "1234567890"},
		{"too long", "12345678901", "123456789…"},
		{"too long, of more than ASCII", "ääääääääääää", "äääääääää…"},
		{"nothing", "", ""},
		{"spaces within", "a  \n b", "a b"},
		{"nothing to be seen", "\u200b\u2060 ", ""},
		{"as long as allowed, with spaces after it", "1234567890   ", "1234567890"},
	} {
		assert.Equal(t, c.want, Line(c.in, 10), c.is)
	}
}

func TestALineOfAHugeTextIsShort(t *testing.T) {
	for _, s := range []string{"x", "ä", "🍺", "\u200b", " ", "\xff"} {
		got := Line(strings.Repeat(s, 1<<20), 10)
		assert.LessOrEqual(t, utf8.RuneCountInString(got), 10, "%q", s)
		assert.True(t, utf8.ValidString(got))
	}
}

func TestQuote(t *testing.T) {
	assert.Equal(t, `"warm"`, Quote("warm"))
	assert.Equal(t, `"a \"b\""`, Quote("a \"b\""))
	assert.Equal(t, 43, utf8.RuneCountInString(Quote(strings.Repeat("x", 100))))
}

func BenchmarkLine(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Line("Fermentation Chamber 1", 255)
	}
}
