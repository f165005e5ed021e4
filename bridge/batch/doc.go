// Package batch follows the beer in which a hydrometer floats: when a batch began and with which original gravity, its
// gravity without outliers and how fast it falls, its stage, whether it is stuck or was disturbed, and when it will end, with
// a window that says how sure that is.
//
// It is pure: it has no clock, no goroutine, no network and no log. An Analysis takes rows and what the owner and the profile
// sessions said, in any order and as often as they come, and says what is known at a time:
//
//	var a batch.Analysis
//	a.SetEntries(entries)
//	a.SetSessions(sessions)
//	a.Add(row)
//	found := a.Findings(now)
//
// A new row costs well under a millisecond. After a late one, an entry or a session the findings are computed again from the
// rows that are kept, four months of them at the most, once and when they are asked for. After a restart the same rows and entries give the
// same findings, so nothing but the entries needs to be stored. What is not known is nil, never a guess.
//
// Gravity is in SG outside and in points, thousandths of SG above 1, inside. It is not corrected for temperature: Pills that
// were measured between 15 and 27 °C showed nothing worth correcting.
//
// How it works, in the order of the files: Row and points keep one reading in five minutes (row.go); level leaves out what is
// not of the beer and finds the filtered gravity and its rate (level.go, line.go); original finds the original gravity
// (original.go); batch, stage and temperature know how far the fermentation is; tracker begins and ends batches
// (tracker.go); forecast says when it ends (forecast.go).
package batch
