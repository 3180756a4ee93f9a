"""A made-up shop whose customers' tastes are known, to measure recommendations by.

1. Twelve interests have ten kinds of things each, and a thing comes in two versions: 240 items.
2. An item's title and text name the thing and what is done with it, never the interest.
3. Items differ in how much they are asked for: the n-th of a shuffled list has the share 1 / n.
4. Each of 200 customers has two present interests, at 3 to 1, and had another one before.
5. Of 24 events twelve are from the last two weeks, twelve are 40 to 80 days old.
6. Four of five recent events are of a present interest, as many of the old ones of the former one;
   the rest is of any item. Within its interest an item is picked by its share.
7. Of the events 80 % are views, 12 % likes, 8 % purchases.
8. What comes next are five items of the present interests that the customer has not met.
9. All of it follows from a seed. `HELD_OUT` was never looked at before it was measured; whatever is
   tuned is tuned on other seeds.
10. Wanted are the five next items among the first ten that are recommended.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Literal

HELD_OUT = 2026
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CUSTOMERS = 200
EVENTS = 24
NEXT = 5

# Of each interest what is done, and with what.
INTERESTS = {
    "cycling": (
        ["riding to work in the rain", "a long tour over mountain passes"],
        "bicycle pump; chain oil; puncture repair kit; pannier bag; handlebar tape; saddle; "
        "bike lock; bicycle helmet; pedal set; rear light for a bike",
    ),
    "baking": (
        ["sourdough on a Sunday morning", "a birthday cake for ten guests"],
        "bread tin; rolling pin; proving basket; cake stand; whisk; oven thermometer; "
        "icing bag; flour sieve; muffin tray; dough scraper",
    ),
    "gardening": (
        ["beds of vegetables and herbs", "roses along a south wall"],
        "watering can; pruning shears; seed tray; garden hose; compost bin; trowel; "
        "plant labels; greenhouse fleece; lawn rake; wheelbarrow",
    ),
    "photography": (
        ["portraits by window light", "landscapes at dawn"],
        "tripod; camera strap; polarising filter; lens cloth; flash unit; light meter; "
        "camera bag; wide-angle lens; photo printer; remote shutter release",
    ),
    "astronomy": (
        ["watching the rings of Saturn", "a first look at the moon's craters"],
        "reflecting telescope; star chart; eyepiece; equatorial mount; red head torch; "
        "planisphere; solar filter; telescope finder; barlow lens; book on constellations",
    ),
    "knitting": (
        ["a winter jumper with cables", "socks for a newborn"],
        "circular needles; merino wool; stitch markers; crochet hook; yarn winder; "
        "knitting pattern book; row counter; cotton yarn; needle case; blocking mat",
    ),
    "climbing": (
        ["limestone routes by the sea", "an evening in the bouldering hall"],
        "climbing shoes; harness; belay device; chalk bag; dynamic rope; carabiner set; "
        "finger board; bouldering mat; quickdraws; climbing guidebook",
    ),
    "music": (
        ["practising scales quietly at night", "playing songs round a campfire"],
        "guitar strings; capo; music stand; clip-on tuner; guitar strap; metronome; "
        "ukulele; plectrums; harmonica; songbook for beginners",
    ),
    "aquarium": (
        ["a planted tank of neon fish", "a pair of cichlids and their brood"],
        "aquarium filter; fish food flakes; tank heater; water test kit; aquarium gravel; "
        "air pump for tanks; algae scraper; aquatic plants; fish net; tank lamp",
    ),
    "woodwork": (
        ["an oak table with mortise joints", "a shelf for the hall"],
        "hand plane; chisel set; bench vice; wood glue; marking gauge; dovetail saw; "
        "sanding block; clamps; router bits; linseed oil",
    ),
    "coffee": (
        ["espresso with a thick crema", "a slow filter brew"],
        "burr grinder; milk jug; espresso tamper; paper filters; moka pot; coffee scale; "
        "gooseneck kettle; roasted beans; french press; portafilter basket",
    ),
    "dogs": (
        ["training a puppy to come back", "long walks with an old retriever"],
        "dog lead; chew toy; dog bed; clicker; food bowl for dogs; grooming brush; "
        "dog coat; training treats; puppy crate; retractable leash",
    ),
}
VERSIONS = (
    ("Plain {}", "For {}. Made to last, without any frills."),
    ("{}, second edition", "Much liked for {}. It comes with instructions."),
)

type Kind = Literal["view", "like", "purchase"]


@dataclass(frozen=True, slots=True)
class Ware:
    id: str
    title: str
    text: str
    interest: str
    share: float


@dataclass(frozen=True, slots=True)
class Deed:
    """What a customer did with a ware."""

    ware: str
    kind: Kind
    at: datetime


@dataclass(frozen=True, slots=True)
class Customer:
    """
    Attributes:
        next: the ids of what comes next.
    """

    id: str
    deeds: Sequence[Deed]
    next: frozenset[str]


@dataclass(frozen=True, slots=True)
class Shop:
    wares: Sequence[Ware]
    customers: Sequence[Customer]


def shop(seed: int) -> Shop:
    """The same for the same seed."""
    dice = random.Random(seed)
    wares = _wares(dice)
    return Shop(wares, [_customer(f"customer-{n}", wares, dice) for n in range(CUSTOMERS)])


def _wares(dice: random.Random) -> list[Ware]:
    written = [
        (interest, thing, version)
        for interest, (_, things) in INTERESTS.items()
        for thing, version in product(things.split("; "), range(len(VERSIONS)))
    ]
    dice.shuffle(written)
    wares = []
    for place, (interest, thing, version) in enumerate(written, start=1):
        title, text = VERSIONS[version]
        use = dice.choice(INTERESTS[interest][0])
        name = f"{thing.replace(' ', '-')}-{version}"
        wares.append(
            Ware(name, title.format(thing).capitalize(), text.format(use), interest, 1 / place)
        )
    return wares


def _customer(name: str, wares: Sequence[Ware], dice: random.Random) -> Customer:
    first, second, former = dice.sample([*INTERESTS], 3)
    deeds = []
    for number in range(EVENTS):
        recent = number < EVENTS // 2
        interest = dice.choices([first, second], [3, 1])[0] if recent else former
        if dice.random() < 0.2:
            interest = ""
        days = dice.uniform(0, 14) if recent else dice.uniform(40, 80)
        kinds: Sequence[Kind] = ("view", "like", "purchase")
        [kind] = dice.choices(kinds, [80, 12, 8])
        deeds.append(Deed(_pick(wares, interest, dice).id, kind, NOW - timedelta(days=days)))
    met = {each.ware for each in deeds}
    following: set[str] = set()
    while len(following) < NEXT:
        ware = _pick(wares, dice.choices([first, second], [3, 1])[0], dice)
        if ware.id not in met:
            following.add(ware.id)
    return Customer(name, deeds, frozenset(following))


def _pick(wares: Sequence[Ware], interest: str, dice: random.Random) -> Ware:
    """By share, of an interest, or of all where it is empty."""
    among = [each for each in wares if not interest or each.interest == interest]
    [ware] = dice.choices(among, [each.share for each in among])
    return ware
