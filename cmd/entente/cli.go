package main

// commands is the command line: every command is registered here and nowhere else.
type commands struct {
	Dir  string `help:"Data directory of the party (default: ./entente-data)." env:"ENTENTE_DIR" default:"./entente-data" placeholder:"DIR"`
	JSON bool   `name:"json" help:"Write one JSON value on standard output instead of text for people."`

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
	Preview     previewCmd     `cmd:"" help:"Show what a release would do, without signing anything."`
	Release     releaseCmd     `cmd:"" help:"Let other parties have records."`
	Channels    channelsCmd    `cmd:"" help:"Show what is owed, delivered, receipted and refused."`
	Log         logCmd         `cmd:"" help:"Read the local log."`
	Status      statusCmd      `cmd:"" help:"Say whether the node works."`
	Verify      verifyCmd      `cmd:"" help:"Check everything in the store against its signatures and hashes."`
	Peers       peersCmd       `cmd:"" help:"Show the connections of the running node."`
	Serve       serveCmd       `cmd:"" help:"Run the node: deliver to partners and take in what they deliver."`
	Version     versionCmd     `cmd:"" help:"Print the version of this program."`
	Demo        demoCmd        `cmd:"" help:"Show the main job on this machine: four invented parties, four nodes."`
}
