package discovery

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEveryLanguageIsComplete(t *testing.T) {
	for _, language := range Languages()[1:] {
		for _, english := range Texts() {
			text, there := Translation(language, english)
			assert.True(t, there || english == "", "%s: %q", language, english)
			assert.Equal(t, strings.TrimSpace(text), text)
			for _, place := range []string{"{step}", "{number}", "{count}"} {
				assert.Equal(t, strings.Count(english, place), strings.Count(text, place), "%s: %q", language, text)
			}
		}
	}
	assert.Len(t, translations, len(Languages())-1)
}

func TestNamesAreUniqueInEveryLanguage(t *testing.T) {
	for _, language := range Languages() {
		for _, f := range append(Families(), Bridge) {
			seen := map[string]string{}
			for _, e := range Entities(f) {
				name := Translate(language, e.Name)
				assert.Empty(t, seen[name], "%s in %s: %s and %s are both called %q", f, language, seen[name], e.Key, name)
				seen[name] = e.Key
				options := map[string]bool{}
				for _, option := range e.Options {
					assert.False(t, options[Translate(language, option)], "%s: %s", language, option)
					options[Translate(language, option)] = true
				}
			}
		}
	}
}

func TestEntityIDsStayEnglish(t *testing.T) {
	german := options
	german.Language = "de"
	for _, f := range Families() {
		english := Config(options, example(f))
		assert.Equal(t, AnnouncedEntityIDs(english), AnnouncedEntityIDs(Config(german, example(f))), f)
	}
	m := parse(t, Config(german, example(Hydrometer)))
	assert.Equal(t, "Dichte", m.Components["gravity"]["name"])
	assert.Contains(t, m.Components["profile"]["value_template"], "Schritt")
	assert.Contains(t, m.Components["error"]["value_template"], "'keiner'")
	bridge := parse(t, BridgeConfig(german)).Components["api_status"]
	assert.Contains(t, bridge["options"], "gebremst")
	assert.Contains(t, bridge["value_template"], "'slowed':'gebremst'")
	assert.Contains(t, bridge["json_attributes_template"], "'code'", "automations have the English text")
}

func TestAnUnknownLanguageIsEnglish(t *testing.T) {
	odd := options
	odd.Language = "tlh"
	assert.Equal(t, Config(options, example(Still)), Config(odd, example(Still)))
}

func TestTextsWithApostrophesStayTextsInTemplates(t *testing.T) {
	assert.Equal(t, `Taux d\'alcool \\`, jinja(`Taux d'alcool \`))
}

func TestLanguagesOfHomeAssistantAreMatched(t *testing.T) {
	for tag, want := range map[string]string{
		"en": "en", "en-GB": "en", "de": "de", "de-CH": "de", "DE": "de", "es-419": "es", "pt": "pt-BR", "pt-BR": "pt-BR", "pt-br": "pt-BR", "nl": "nl",
		"": "", "sv": "", "zh-Hans": "", "gsw": "", "english": "", "-": "",
	} {
		got, ok := MatchLanguage(tag)
		assert.Equal(t, want, got, tag)
		assert.Equal(t, want != "", ok, tag)
	}
}
