// Plays daw_bridge from SuperCollider: see README.md beside this file.
//
//   b = DawBridge();
//   b.subscribe;
//   b.onState = { |deck, state| "deck % is %".format(deck, state).postln };
//   b.tempo = 92;
//   b.prompt(1, "warm lo-fi piano").start(1);
//   b.mix(1, ["solo piano", 0.7, "techno", 0.3]);
//
// Every message is answered: onAck is told when it will be heard, onError why it was refused.

DawBridge {
	var <addr, <answers;
	var <state, <position, followers;
	var <>onAck, <>onError, <>onNotice, <>onState, <>onPosition, <>onStatus, <>onClip, <>onValue, <>onPong;

	*new { |port = 7400, host = "127.0.0.1"|
		^super.new.init(host, port)
	}

	init { |host, port|
		addr = NetAddr(host, port);
		state = Dictionary.new;
		followers = List.new;
		onError = { |address, reason| "daw_bridge: %: %".format(address, reason).warn };
		answers = thisProcess.addOSCRecvFunc(this.receiver);
	}

	free {
		this.unsubscribe;
		thisProcess.removeOSCRecvFunc(answers);
	}

	// the instrument
	tempo_ { |bpm| this.send("/bridge/tempo", bpm.asFloat) }
	meter_ { |beats| this.send("/bridge/meter", beats.asInteger) }
	gain_ { |db| this.send("/bridge/gain", db.asFloat) }
	crossfade_ { |position| this.send("/bridge/crossfade", position.asFloat) }
	quantum_ { |name| this.send("/bridge/quantum", name.asString) }
	decks_ { |number| this.send("/bridge/decks", number.asInteger) }
	tap { this.send("/bridge/tap") }
	follow { |source = "internal"| this.send("/bridge/clock", source.asString) }
	scene { |name| this.send("/bridge/scene", name.asString) }
	model { |name, when| this.launch("/bridge/model", when, name.asString) }
	preset { |name| this.send("/bridge/preset", name.asString) }
	cancelAll { this.send("/bridge/cancel") }

	// decks, counted from 1; `when` is a quantum ("1M", "now") or a bar's number
	start { |deck = 1, when| this.launch("/bridge/deck/%/start".format(deck), when) }
	stop { |deck = 1, when| this.launch("/bridge/deck/%/stop".format(deck), when) }
	prompt { |deck, text, when| this.launch("/bridge/deck/%/prompt".format(deck), when, text.asString) }
	mix { |deck, prompts|
		this.send("/bridge/deck/%/prompts".format(deck),
			*prompts.clump(2).collect { |pair| [pair[0].asString, pair[1].asFloat] }.flatten(1))
	}
	glide { |deck, time, unit = "beats"|
		this.send("/bridge/deck/%/prompts/glide".format(deck), time.asFloat, unit.asString)
	}
	key { |deck, name| this.send("/bridge/deck/%/key".format(deck), name.asString) }
	chords { |deck, names| this.send("/bridge/deck/%/chords".format(deck), names.asString) }
	phrase { |deck, notes| this.send("/bridge/deck/%/phrase".format(deck), notes.asString) }
	temperature { |deck, value| this.send("/bridge/deck/%/temperature".format(deck), value.asFloat) }
	topK { |deck, k| this.send("/bridge/deck/%/top_k".format(deck), k.asInteger) }
	guidance { |deck, coefficient| this.send("/bridge/deck/%/guidance".format(deck), coefficient.asFloat) }
	seed { |deck, number| this.send("/bridge/deck/%/seed".format(deck), number.asInteger) }
	deckGain { |deck, db| this.send("/bridge/deck/%/gain".format(deck), db.asFloat) }
	mute { |deck, on = true| this.send("/bridge/deck/%/mute".format(deck), on.binaryValue.asInteger) }
	solo { |deck, on = true| this.send("/bridge/deck/%/solo".format(deck), on.binaryValue.asInteger) }
	deckQuantum { |deck, name| this.send("/bridge/deck/%/quantum".format(deck), name.asString) }
	grab { |deck = 1, bars = 4| this.send("/bridge/deck/%/grab".format(deck), bars.asInteger) }
	cancel { |deck = 1, parameter = ""| this.send("/bridge/deck/%/cancel".format(deck), parameter.asString) }

	// continuations that are prepared, heard on the cue, and chosen
	choices { |deck = 1, count = 3, bars = 4|
		this.send("/bridge/deck/%/choices".format(deck), count.asInteger, bars.asInteger)
	}
	cue { |deck, choice| this.send("/bridge/deck/%/cue".format(deck), choice.asInteger) }
	commit { |deck, choice, when| this.launch("/bridge/deck/%/commit".format(deck), when, choice.asInteger) }

	// clips and takes
	render { |prompt, bars, bpm, name = ""|
		this.send("/bridge/clip/render", prompt.asString, bars.asInteger, bpm.asFloat, name.asString)
	}
	mark { |text = ""| this.send("/bridge/take/mark", text.asString) }
	nameTake { |name| this.send("/bridge/take/name", name.asString) }

	// what comes back
	subscribe { |rate = 10| this.send("/bridge/subscribe", rate.asFloat) }
	unsubscribe { this.send("/bridge/unsubscribe") }
	status { this.send("/bridge/status") }
	ping { this.send("/bridge/ping") }
	ask { |address| this.send(address.asString) }
	listen { |address| this.send(address.asString ++ "/listen") }
	unlisten { |address| this.send(address.asString ++ "/unlisten") }

	// A TempoClock that goes along: it takes over tempo and beat of each position that comes, so subscribe
	// first. Its beat 0 is that of bar 1, if the meter stays.
	clock { |beatsPerBar = 4|
		var clock = TempoClock(2).permanent_(true);
		followers.add({ |bar, beat, bpm|
			var there = ((bar - 1) * beatsPerBar) + (beat - 1);
			clock.tempo = bpm / 60;
			if((clock.beats - there).abs > 0.02) { clock.beats = there };
		});
		^clock
	}

	send { |address ... args|
		addr.sendMsg(address, *args)
	}

	launch { |address, when ... args|
		if(when.isNil) { ^this.send(address, *args) };
		^this.send(address, *(args ++ [if(when.isNumber) { when.asInteger } { when.asString }]))
	}

	receiver {
		^{ |message, time, from|
			if((from.port == addr.port) and: { from.addr == addr.addr }) { this.receive(message) }
		}
	}

	receive { |message|
		var parts = message[0].asString.split($/);
		var args = message.drop(1).collect { |each| if(each.isKindOf(Symbol)) { each.asString } { each } };
		switch(parts[2],
			"ack", { onAck.value(*args) },
			"error", { onError.value(*args) },
			"notice", { onNotice.value(*args) },
			"pong", { onPong.value(*args) },
			"position", {
				position = args;
				followers.do { |follower| follower.value(*args) };
				onPosition.value(*args)
			},
			"status", { onStatus.value(*args) },
			"clip", { onClip.value(*args) },
			"deck", {
				if((parts.size == 5) and: { parts[4] == "state" }) {
					var deck = parts[3].asInteger;
					if(state[deck] != args[0]) { state[deck] = args[0]; onState.value(deck, *args) };
				} { onValue.value(message[0].asString, *args) }
			},
			{ onValue.value(message[0].asString, *args) }
		)
	}
}
