package discovery

import (
	"slices"
	"strings"
)

// English is the language of the catalogue. Its texts are shown as they stand.
const English = "en"

// translations are the other languages, each a table from English text to its own. A table has every text of the
// catalogue and of the dashboard; TestEveryLanguageIsComplete holds that.
var translations = map[string]map[string]string{
	"de":    german,
	"nl":    dutch,
	"fr":    french,
	"es":    spanish,
	"pt-BR": portuguese,
}

// Languages are those in which entities can be named, English first, by the names that Home Assistant gives them.
func Languages() []string { return []string{English, "de", "nl", "fr", "es", "pt-BR"} }

// MatchLanguage is the one of Languages that is closest to a tag of Home Assistant, such as de-CH or es-419; false where
// none is near.
func MatchLanguage(tag string) (string, bool) {
	base, _, _ := strings.Cut(tag, "-")
	for _, same := range []func(language string) bool{
		func(language string) bool { return strings.EqualFold(language, tag) },
		func(language string) bool {
			of, _, _ := strings.Cut(language, "-")
			return strings.EqualFold(of, base)
		},
	} {
		if i := slices.IndexFunc(Languages(), same); i >= 0 {
			return Languages()[i], true
		}
	}
	return "", false
}

// Translate gives an English text of the catalogue or of the dashboard in another language. Where there is none, it
// gives the text as it is.
func Translate(language, english string) string {
	if text, there := Translation(language, english); there {
		return text
	}
	return english
}

// Translation gives a text in another language, and false where the language or the text is not there.
func Translation(language, english string) (text string, there bool) {
	text, there = translations[language][english]
	return text, there
}

// Texts are the English texts of the catalogue that Home Assistant's users read.
func Texts() []string {
	var texts []string
	for _, f := range append(Families(), Bridge) {
		for _, e := range Entities(f) {
			texts = append(texts, e.Name, e.Empty)
			texts = append(texts, e.Options...)
			if e.Composed != nil {
				texts = append(texts, e.Composed.texts...)
			}
		}
	}
	return texts
}
