package main

// commands is the command line: every command is registered here and nowhere else.
type commands struct {
	Dir  string `help:"Data directory of the party (default: ./entente-data)." env:"ENTENTE_DIR" default:"./entente-data" placeholder:"DIR"`
	JSON bool   `name:"json" help:"Write one JSON value on standard output instead of text for people."`

	As          string `name:"as" help:"The operator of this party who speaks: reads what that person may read, and signs with that person's key." placeholder:"NAME"`
	OperatorKey string `help:"The operator's key (default: DIR/operators/NAME.key)." placeholder:"FILE"`

	Init        initCmd        `cmd:"" help:"Make a party: keys, first card, store."`
	Card        cardCmd        `cmd:"" help:"Print a party's cards, to hand them over."`
	Fingerprint fingerprintCmd `cmd:"" help:"Print the fingerprint of a card, in hex and in words."`
	Trust       trustCmd       `cmd:"" help:"Take in another party's cards after comparing the fingerprint."`
	Parties     partiesCmd     `cmd:"" help:"List the parties known here."`
	Rotate      rotateCmd      `cmd:"" help:"Change this party's keys, name or endpoints by a new card."`
	Compact     compactCmds    `cmd:"" help:"Draft, read, sign, change and suspend agreements."`
	Put         putCmd         `cmd:"" help:"Keep STIX objects, bundles or other files as own records."`
	Ls          lsCmd          `cmd:"" help:"List records: own ones, and those that others released to this party."`
	Show        showCmd        `cmd:"" help:"Show one record, or the versions of one object."`
	Conflicts   conflictsCmd   `cmd:"" help:"List own objects with two contents under one modified time."`
	Tearline    tearlineCmd    `cmd:"" help:"Make a separate record that tells less than one of one's own."`
	Preview     previewCmd     `cmd:"" help:"Show what a release would do, without signing anything."`
	Release     releaseCmd     `cmd:"" help:"Let other parties have records."`
	Where       whereCmd       `cmd:"" help:"Show who has a record, and how it came here."`
	Recall      recallCmd      `cmd:"" help:"Take records back from those who were let have them."`
	Recalls     recallsCmd     `cmd:"" help:"Show who has confirmed a recall, and who has not."`
	Ask         askCmd         `cmd:"" help:"Ask the originator of a record for consent to use it towards others."`
	Asks        asksCmd        `cmd:"" help:"List the questions for consent, to this party and by it, and the answers."`
	Consent     consentCmd     `cmd:"" help:"Consent to what was asked, or refuse it."`
	Derive      deriveCmd      `cmd:"" help:"Note that own records rest on others."`
	Flags       flagsCmd       `cmd:"" help:"List own work that rests on what is gone."`
	Export      exportCmd      `cmd:"" help:"Write records to a file for another system, if it can carry their handling."`
	Operator    operatorCmds   `cmd:"" help:"Keep the persons of this party, their roles and keys."`
	Groups      groupsCmd      `cmd:"" help:"Bound a record to need-to-know groups of operators."`
	TwoPersons  twoPersonsCmd  `cmd:"" name:"two-persons" help:"Say what takes two persons of this party."`
	Proposals   proposalsCmd   `cmd:"" help:"List what waits for a person of this party."`
	Approve     approveCmd     `cmd:"" help:"Show what waits, and sign it as an operator."`
	Withdraw    withdrawCmd    `cmd:"" help:"Drop what waits."`
	Inspect     inspectCmd     `cmd:"" help:"Give an inspector the log of an agreement, or verify what one was given."`
	Channels    channelsCmd    `cmd:"" help:"Show what is owed, delivered, receipted and refused."`
	Log         logCmd         `cmd:"" help:"Read the local log."`
	Status      statusCmd      `cmd:"" help:"Say whether the node works."`
	Verify      verifyCmd      `cmd:"" help:"Check everything in the store against its signatures and hashes."`
	Peers       peersCmd       `cmd:"" help:"Show the connections of the running node."`
	Serve       serveCmd       `cmd:"" help:"Run the node: deliver to partners and take in what they deliver."`
	Version     versionCmd     `cmd:"" help:"Print the version of this program."`
	Storybook   storybookCmd   `cmd:"" help:"Show every page of the desk with canned data."`
	Demo        demoCmd        `cmd:"" help:"Show the main job on this machine: four invented parties, four nodes."`
}
