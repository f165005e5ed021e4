package text

// UUID reads a uuid in any case and gives it back in lower case. The uuid of zeros, .NET's default, is none.
func UUID[S string | []byte](s S) (string, bool) {
	const pattern = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
	if len(s) != len(pattern) {
		return "", false
	}
	var lower [len(pattern)]byte
	zero := true
	for i := range len(pattern) {
		c := s[i]
		switch {
		case pattern[i] == '-':
			if c != '-' {
				return "", false
			}
		case 'A' <= c && c <= 'F':
			c += 'a' - 'A'
			zero = false
		case '1' <= c && c <= '9', 'a' <= c && c <= 'f':
			zero = false
		case c != '0':
			return "", false
		}
		lower[i] = c
	}
	return string(lower[:]), !zero
}
