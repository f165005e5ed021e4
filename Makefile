# The commands of this project. `make help` lists them.

GO          ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
ACTIONLINT  := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
IMAGE       ?= rapt-bridge
VERSION     ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZTIME    ?= 30s
SOAK        ?= 10
PICTURES    ?= .github/pictures
PYTHON      ?= python3
# Real fermentations with a scorer. Their authors gave no licence, so they are not part of the project.
FERMENTATION ?= ../shared/fermentation

# Tests that the race detector slows down to minutes: days of virtual time, and long runs of one goroutine. They run
# without it, and TestHoursWithFaults stands for the days with it.
SLOW = TestABatchGoesItsWay TestAnOrdinaryDay TestADayWithEveryFault TestAWeekOfAPillAndThreeControllers TestACrashLoopForADay \
	TestACloudThatLimitsEverySecondRequest TestAClockThatJumps TestARejectedSecretIsNotTriedOnATimer \
	TestAChangedFrequencyIsFollowedWithinThreeReadings TestWhatADeviceMayLookLike TestEveryReplyFollowsTheContract \
	TestAnAnswerThatIsOfNoUseHasAShortError TestNoRowIsLostInAnOutage TestNoRowIsLostInACrashLoop \
	TestANewInstallationGetsTheMonthBeforeWithinTheCeiling TestEveryRowOfTheCloudIsExported \
	TestADeviceThatReportsEachMinuteFitsTheAnswers TestDaysWithWebhooks TestManyDevicesCostTimeInProportion \
	TestNoRetainedStateHangsTheBridge TestTenThousandDevicesTakeLittleMemory TestWhatTheCloudMayAnswer \
	TestAnEmptyListForMinutesTakesNoDeviceOut TestWhatCannotBeLearnedTakesADay TestADeviceThatStopsReportingGoesOffline \
	TestAClockThatIsSetIsNoHarm TestAFamilyThatCannotBeReadIsSaidOnceWhileOthersCan TestMonthsOfRowsTakeBoundedMemory \
	TestOrderAndRepetitionOfManyRowsChangeNothing TestSecretsStayWhereTheyBelong TestWhatCameDuringASleepIsRefused \
	TestAMoveWhileTheBridgeWasDown TestADeviceThatMovesToAnotherFamily TestAFreshInstallation \
	TestADeviceWithoutOneOfItsLimitsIsAnnouncedOnce TestANameThatIsTakenOrGivenUpChangesEntityIDs \
	TestARestartWithinAnEmptyListTakesNoDeviceOut TestFailedPollsAloneTakeNobodyOffline TestACloudThatAnswersOddlyLosesNoRow \
	TestOneBackOffForOneTrouble TestAYearTakesTheMemoryOfItsFirstWeek TestManyDevicesKeepNoFamilyWaiting \
	TestABrokerThatRefusesTheStreamStopsNothing TestTheFirstGravityThatIsSubmittedIsReadBack \
	TestAnAnswerThatIsCutOrRefusedIsAskedForAgain TestTraps TestSlowTailIsNotComplete TestAnotherBatch TestIdleBatchesEnd \
	TestOwnerWinsOverSessionOverReadings TestPaleAleFromWortToComplete TestForecastIsNearAndNarrows \
	TestAnEntryMadeLateCountsFromItsTime TestFindingsOfAnyRowsAreSound TestStuckWhereItShouldGoOn TestNoBatchInWhatDoesNotFerment \
	TestABreweryCanHaveAPast TestWhatADescriptionHasElse TestWhatBelongsToOthersIsNeverTouched \
	TestTheRestOfAnEarlierBatchIsNoBatch TestTheEndOfABatchIsReportedAlthoughItIsFoundLate TestTheLastTwentyBatchesAreKept \
	TestAKillWhileManyGapsAreFilledRepeatsOneRowAtTheMost TestRowsComeOnceAfterTheirEndpointWasAwayForDays \
	TestOneThatIsNeverOnlineIsNotReplaced TestWhatAnEarlierRunLeftBehindIsClearedAfterTwoCompleteLists TestTwoBridgesThatStartTogether \
	TestAnExportBesideTheBridgeStaysInItsCeiling TestEveryRowOfABreweryIsStreamedOnce TestWhileTheBrokerIsAwayNothingIsPolled \
	TestWhatIsForbiddenToAnAccountDoesNotStopTheRest TestTheSilenceAfterA429HoldsAcrossRestarts TestAClockThatIsSetBackAtEachBootGivesNothingAway \
	TestBatchesOfADeviceThatWasRemovedMeanwhileAreCleared TestAnEndpointThatRefusesTheTokenDoesNotStopTheRest \
	TestABridgeThatStartsWhileAnExportRunsCountsBoth TestARunningBridgeKeepsAnAnonymousRecord TestNothingIsToldOfDevicesThatNobodyLooksAt \
	TestARefusedAccountIsLeftAlone TestTheCeilingIsKeptByBothTogether TestAFirewallsRefusalOfSecondsKeepsNoHeaterOn \
	TestGarbageOnTheBrokerIsPassedOver TestASubmissionThatIsForbiddenStopsSubmissionsAlone TestWithoutHistoryThereIsNone \
	TestReadbacksGiveWayToCommands TestWrongTypesEverywhereAreToldOnceEach TestAfterAFloodOfOffAnotherHeaterCanBeSwitchedOff
empty :=
SLOW_PATTERN = ^($(subst $(empty) ,|,$(strip $(SLOW))))$$

# Many tests wait for sockets and processes, so that more of them can go on at once than there are cores.
BESIDE = -p 4 -parallel 8

# Packages whose tests need no container.
PLAIN = $(shell $(GO) list ./... | grep -v /e2e)

# Packages whose tests can write their golden files anew.
GOLDEN = $(sort $(dir $(shell grep -rls --include='*_test.go' 'flag.Bool."update"' .)))

.DEFAULT_GOAL := help
.PHONY: help run build test test-race test-short lint golden docs polling forecast bench fuzz soak chaos image screenshots clean docker

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## start the bridge, on a simulated brewery as long as nothing is configured
	bin/rapt-bridge run --demo-if-unconfigured

build: ## build bin/rapt-bridge, a static binary with the time zones in it
	CGO_ENABLED=0 $(GO) build -trimpath -tags timetzdata -ldflags "-s -w -X main.version=$(VERSION)" -o bin/rapt-bridge ./cmd/rapt-bridge

test: docker test-race ## run every test, those in containers too (needs Docker)
	$(GO) test -count=1 -timeout 10m $(BESIDE) -run '$(SLOW_PATTERN)' $(PLAIN)
	$(GO) test -count=1 -timeout 22m ./cmd/rapt-bridge/e2e

test-race: ## run the tests that need no Docker with the race detector (needs a C compiler), but for the slow ones
	GORACE=atexit_sleep_ms=100 $(GO) test -race -count=1 -timeout 15m $(BESIDE) -skip '$(SLOW_PATTERN)' $(PLAIN)

test-short: ## run the tests that need no Docker
	$(GO) test -short ./...

lint: ## gofmt, go vet, staticcheck, actionlint, and the direction of dependencies
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then \
		echo "not formatted, run gofmt -w on:" >&2; echo "$$unformatted" >&2; exit 1; fi
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	$(GO) run $(ACTIONLINT) -shellcheck= -pyflakes= .github/workflows/*.yaml
	$(GO) test -count=1 -run '^TestDependencies' ./cmd/rapt-bridge

golden: ## write the golden files anew; read the difference before you commit it
	$(GO) test $(GOLDEN) -update

docs: ## write the README's tables anew, which come from the program
	$(GO) test -count=1 -run '^TestReadmeHas' ./cmd/rapt-bridge -update

polling: ## compare polling policies, and write the README's table and chart of it (two minutes)
	mkdir -p $(PICTURES) bin
	$(GO) test -run '^$$' -bench Polling -benchtime 1x ./bridge -args -table $(abspath bin/polling.md) -chart $(abspath $(PICTURES)/polling.svg)
	$(GO) test -count=1 -run '^TestReadmeHas' ./cmd/rapt-bridge -update -polling $(abspath bin/polling.md)

forecast: build ## score the analysis of fermentations on real ones, and write the README's table (needs FERMENTATION and Python)
	@test -f $(FERMENTATION)/score.py || { \
		echo "error: no real fermentations in $(FERMENTATION). They are not part of the project; say where they are with" >&2; \
		echo "       make forecast FERMENTATION=folder (score.py, truth.json and series/tuning/*.csv in it)." >&2; exit 1; }
	@$(PYTHON) -c 'import numpy, scipy, pandas' || { \
		echo "error: the scorer needs numpy, scipy and pandas: pip install numpy scipy pandas, or set PYTHON." >&2; exit 1; }
	rm -rf bin/forecast && mkdir -p bin/forecast
	@set -e; for noise in raw pill tilt; do \
		rows=$(FERMENTATION)/series/tuning; found=bin/forecast/$$noise; mkdir -p $$found; \
		if [ $$noise != raw ]; then rows=bin/forecast/$$noise-rows; \
			$(PYTHON) $(FERMENTATION)/score.py noisy --noise $$noise --split tuning --out $$rows; fi; \
		for file in $$rows/*.csv; do bin/rapt-bridge batch $$file > $$found/$$(basename $$file .csv).jsonl; done; \
	done; $(PYTHON) $(FERMENTATION)/score.py run --method slope --split tuning --out bin/forecast/line > /dev/null; \
	for found in raw pill tilt line; do \
		$(PYTHON) $(FERMENTATION)/score.py score --split tuning --out bin/forecast/$$found > bin/forecast/$$found.md; done
	$(GO) test -count=1 -run '^TestReadmeHas' ./cmd/rapt-bridge -update -forecast $(abspath bin/forecast) -sources $(abspath $(FERMENTATION)/truth.json)

bench: ## run the benchmarks, one package after the other
	$(GO) test -p 1 -short -run '^$$' -bench . -benchmem ./...

fuzz: ## run every fuzz target for FUZZTIME (30s); their seeds run in every test
	@set -e; for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 2s $$package; \
		done; done

soak: docker ## live through a simulated year, and the days SOAK (10) times with the race detector; stop the program for minutes; count what Home Assistant records
	$(GO) test -count=1 -timeout 30m -run '^Test(FrozenProcess|PausedContainer)$$' ./cmd/rapt-bridge/e2e -freezes 30s,150s
	$(GO) test -count=1 -timeout 2h -run '^TestAYearTakesTheMemoryOfItsFirstWeek$$' ./bridge -v -days 365
	$(GO) test -count=1 -timeout 30m -run '^TestHomeAssistantIsLeftInPeace$$' -v ./cmd/rapt-bridge/e2e -quiet 10m
	$(GO) test -race -count $(SOAK) -timeout 3h -run 'Day|Week|Loop|Limits|Jumps|Rejected|Frequency' ./bridge

chaos: docker ## live through every fault of the table in containers, and write .github/faults.md anew (a quarter of an hour)
	$(GO) test -count=1 -timeout 40m -parallel 26 -run '^TestFaults$$' ./cmd/rapt-bridge/e2e -v -faults -fault-table $(abspath .github/faults.md)

image: docker ## build the container image
	docker build $(RAPT_BUILD_ARGS) --build-arg VERSION=$(VERSION) -t $(IMAGE):$(VERSION) -t $(IMAGE):latest .

screenshots: docker ## take the pictures of the README in the real Home Assistant (an hour, because Activity is shown after one)
	mkdir -p $(PICTURES)
	$(GO) test -count=1 -timeout 80m -run '^TestPicture' ./cmd/rapt-bridge/e2e -pictures $(abspath $(PICTURES))

clean: ## remove what the other targets made
	rm -rf bin dist coverage.out
	$(GO) clean -testcache

docker:
	@docker info >/dev/null 2>&1 || { \
		echo "error: Docker is missing or not running, and this target needs it. Start Docker (try 'docker info')," >&2; \
		echo "       or run 'make test-short' for the tests that need none." >&2; exit 1; }
