// Package e2e holds the tests of the built program among the real ones: a Mosquitto, a Home Assistant and a Chromium in
// containers, and a RAPT cloud in a process of its own. It has no code but tests.
//
// The tests need Docker and fail without it; with -short they are skipped. What a test starts for itself ends with the
// test. One Mosquitto and one Home Assistant, the shared ones, live as long as the test binary: tests that restart
// them or change what all see are not parallel, so they run before those that are.
package e2e
