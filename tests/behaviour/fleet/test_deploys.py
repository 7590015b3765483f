"""Deploys while calls come: timelines by hand of each strategy, of what is undone, and of what follows each other."""

from __future__ import annotations

import pytest

from mmesim.engine.simulation import Simulation
from mmesim.results.findings.deploys import deploys
from mmesim.scenario import Endpoint, Router
from mmesim.scenario.deploys.deploy import Deploy
from mmesim.scenario.deploys.steps import steps
from mmesim.scenario.deploys.strategy import AllAtOnce, Canary, Linear, Rolling
from mmesim.scenario.faults.fault import Fault
from mmesim.scenario.run.condition import read_condition
from mmesim.scenario.values.times import Constant
from tests.behaviour.timeline import endpoint, model, play, scenario

AT_S = 100.0
MODELS = 20


def place(hosts: int = 4, **keys) -> Endpoint:
    """Warm hosts; a new one takes a minute to come."""
    return endpoint(hosts=hosts, warm=True, provisioning=Constant(60.0), **keys)


def every(seconds: float, until_s: float = 1000.0) -> list[tuple[float, str, float]]:
    """A short call at every moment, of the models in turn; none at a moment at which hosts change."""
    return [(0.25 + k * seconds, f"m{k % MODELS}", 0.1) for k in range(int(until_s / seconds))]


def deployed(tmp_path, deploys, requests=None, faults=(), **keys):
    """A run of four hosts with these deploys, a call a second: the simulation, and what it gave."""
    models = [model(f"m{k}", load_s=0.5) for k in range(MODELS)]
    sim = Simulation(
        scenario(tmp_path, requests or every(1.0), models, place(**keys), deploys=tuple(deploys), faults=tuple(faults)),
        records=-1,
    )
    return sim, play(sim)


def story(sim, name="deploy-0"):
    """What is written down of a deploy: time, kind, and its figures."""
    return [(one.at_s, str(one.kind), dict(one.figures)) for one in sim.journal.happened if one.name == name]


def born_and_gone(sim):
    return [(host.born_s, host.gone_s) for host in sim.hosts]


def between(run, begin_s, end_s):
    """The calls that began in some time."""
    return [call for call, start in zip(run.calls, starts(run), strict=True) if begin_s < start < end_s]


def starts(run):
    return run.data.records.arrival_s.tolist()


def hosts_between(run, begin_s, end_s):
    """The hosts that took calls which began in some time."""
    return {call.host for call in between(run, begin_s, end_s)}


def cold_between(run, begin_s, end_s):
    """Calls of some time that waited for a load."""
    return sum(not call.hit for call in between(run, begin_s, end_s))


def test_all_at_once_every_model_is_loaded_anew(tmp_path):
    sim, run = deployed(tmp_path, [Deploy(at_s=AT_S, termination_wait_s=40.0)])
    assert story(sim) == [
        (100.0, "deploy", {"old": 4, "new": 4}),
        (160.0, "provisioned", {"hosts": 4}),
        (160.0, "shifted", {"share": 1.0, "new_on": 4, "old_on": 0}),
        (200.0, "deployed", {"most_hosts": 8, "extra_host_s": 4 * 40.0}),
    ]
    assert born_and_gone(sim) == [(0.0, 200.0)] * 4 + [(160.0, None)] * 4
    assert hosts_between(run, 0.0, 160.0) == {0, 1, 2, 3}
    assert hosts_between(run, 160.0, 1000.0) == {4, 5, 6, 7}
    assert cold_between(run, 0.0, 160.0) == 0
    assert cold_between(run, 160.0, 180.0) == MODELS
    assert cold_between(run, 180.0, 1000.0) == 0
    assert set(run.causes) == {"ok"}
    assert run.data.hosts.up_s.tolist() == [200.0] * 4 + [840.0] * 4


def test_hosts_that_go_when_the_last_new_one_comes_were_there_with_it(tmp_path):
    sim, _ = deployed(tmp_path, [Deploy(at_s=AT_S, termination_wait_s=0.0)])
    assert story(sim)[-1] == (160.0, "deployed", {"most_hosts": 8, "extra_host_s": 0.0})


def test_a_canary_takes_its_share_of_the_calls_with_that_share_of_the_hosts(tmp_path):
    sim, run = deployed(
        tmp_path,
        [Deploy(at_s=AT_S, strategy=Canary(share=0.25, wait_s=600.0), termination_wait_s=30.0)],
        requests=every(0.25, 999.0),
    )
    assert story(sim) == [
        (100.0, "deploy", {"old": 4, "new": 4}),
        (160.0, "provisioned", {"hosts": 4}),
        (160.0, "shifted", {"share": 0.25, "new_on": 1, "old_on": 3}),
        (760.0, "shifted", {"share": 1.0, "new_on": 4, "old_on": 0}),
        (790.0, "deployed", {"most_hosts": 8, "extra_host_s": 4 * 630.0}),
    ]
    baking = [call.host for call in between(run, 160.0, 760.0)]
    assert set(baking) == {1, 2, 3, 4}
    canary = baking.count(4) / len(baking)
    assert canary == pytest.approx(0.25, abs=4.0 * (0.25 * 0.75 / len(baking)) ** 0.5)
    assert cold_between(run, 160.0, 760.0) >= MODELS  # on the canary, and those of the old host that stopped
    assert hosts_between(run, 760.0, 1000.0) == {4}  # `sticky`: the canary had room for every model, and keeps them
    assert set(run.causes) == {"ok"}


def test_the_same_calls_stay_with_the_old_hosts_whatever_the_share(tmp_path):
    """Common random numbers: a call that goes to a small canary goes to a larger one, too."""
    canaries = []
    for share in (0.25, 0.5):
        _, run = deployed(tmp_path, [Deploy(at_s=AT_S, strategy=Canary(share=share, wait_s=800.0))])
        canaries.append({n for n, call in enumerate(run.calls) if call.host >= 4})
    assert canaries[0] < canaries[1]


def test_linear_shifts_in_steps(tmp_path):
    strategy = Linear(step=0.5, wait_s=100.0)
    sim, run = deployed(tmp_path, [Deploy(at_s=AT_S, strategy=strategy, endpoint=place(hosts=2))])
    assert story(sim) == [
        (100.0, "deploy", {"old": 4, "new": 2}),
        (160.0, "provisioned", {"hosts": 2}),
        (160.0, "shifted", {"share": 0.5, "new_on": 1, "old_on": 2}),
        (260.0, "shifted", {"share": 1.0, "new_on": 2, "old_on": 0}),
        (260.0, "deployed", {"most_hosts": 6, "extra_host_s": 2 * 100.0}),
    ]
    assert hosts_between(run, 160.0, 260.0) == {2, 3, 4}
    assert hosts_between(run, 260.0, 1000.0) <= {4, 5}
    assert sim.fleet.desired == 2


def test_rolling_replaces_a_batch_at_a_time(tmp_path):
    sim, run = deployed(tmp_path, [Deploy(at_s=AT_S, strategy=Rolling(batch=0.5, wait_s=40.0))])
    assert story(sim) == [
        (100.0, "deploy", {"old": 4, "new": 4}),
        (160.0, "provisioned", {"hosts": 2}),
        (160.0, "shifted", {"share": 0.5, "new_on": 2, "old_on": 2}),
        (260.0, "provisioned", {"hosts": 2}),
        (260.0, "shifted", {"share": 1.0, "new_on": 4, "old_on": 0}),
        (300.0, "deployed", {"most_hosts": 6, "extra_host_s": 2 * 2 * 40.0}),
    ]
    assert born_and_gone(sim) == [(0.0, 200.0)] * 2 + [(0.0, 300.0)] * 2 + [(160.0, None)] * 2 + [(260.0, None)] * 2
    assert hosts_between(run, 160.0, 260.0) == {2, 3, 4, 5}
    assert hosts_between(run, 260.0, 1000.0) <= {4, 5, 6, 7}
    assert set(run.causes) == {"ok"}


def half(run, name):
    """Whether the calls of a model go to new hosts while half of the hosts are new."""
    return {run.calls[k].host >= 4 for k in range(160, 420) if k % MODELS == name}


def test_split_by_models_a_model_moves_once_with_all_its_calls(tmp_path):
    router = Router(overhead_s=0.0, split_by="models")
    _, run = deployed(tmp_path, [Deploy(at_s=AT_S, strategy=Rolling(batch=0.5, wait_s=200.0))], router=router)
    for name in range(MODELS):
        assert len(half(run, name)) == 1
    moved = {name for name in range(MODELS) if half(run, name) == {True}}
    assert 0 < len(moved) < MODELS


def test_an_alarm_sends_all_traffic_back_to_hosts_that_are_still_warm(tmp_path):
    sim, run = deployed(
        tmp_path,
        [
            Deploy(
                at_s=AT_S,
                strategy=Canary(share=0.5, wait_s=300.0),
                rollback_when=read_condition("cache_hit_ratio < 100 %"),
            )
        ],
    )
    assert story(sim) == [
        (100.0, "deploy", {"old": 4, "new": 4}),
        (160.0, "provisioned", {"hosts": 4}),
        (160.0, "shifted", {"share": 0.5, "new_on": 2, "old_on": 2}),
        (220.0, "alarm", {}),
        (220.0, "shifted", {"share": 0.0, "new_on": 0, "old_on": 4}),
        (220.0, "rolled_back", {"most_hosts": 8, "extra_host_s": 4 * 60.0}),
    ]
    assert hosts_between(run, 220.0, 1000.0) == {0, 1, 2, 3}
    assert cold_between(run, 240.0, 1000.0) == 0
    assert [host.gone_s for host in sim.hosts] == [None] * 4 + [220.0] * 4
    assert sim.fleet.desired == 4


def test_an_alarm_that_stays_silent_undoes_nothing(tmp_path):
    line = read_condition("error_rate > 1 %")
    sim, _ = deployed(tmp_path, [Deploy(at_s=AT_S, termination_wait_s=90.0, rollback_when=line)])
    assert [kind for _, kind, _ in story(sim)] == ["deploy", "provisioned", "shifted", "deployed"]
    assert story(sim)[-1][0] == 250.0


def test_a_rolling_deploy_that_is_undone_provisions_what_it_has_terminated(tmp_path):
    """The second batch trips the alarm: two old hosts of four are gone, and come back cold after a minute."""
    requests = [*every(1.0, 270.0), *[(270.25 + k, "m0", 5.0) for k in range(60)], (900.0, "m0", 0.1)]
    sim, run = deployed(
        tmp_path,
        [
            Deploy(
                at_s=AT_S,
                strategy=Rolling(batch=0.5, wait_s=60.0),
                rollback_when=read_condition("mean > 3 s"),
            )
        ],
        requests=requests,
    )
    kinds = [(at_s, kind) for at_s, kind, _ in story(sim)]
    assert kinds[4:] == [
        (280.0, "shifted"),
        (340.0, "alarm"),
        (400.0, "provisioned"),
        (400.0, "shifted"),
        (kinds[-1][0], "rolled_back"),
    ]
    assert [host.born_s for host in sim.hosts[8:]] == [400.0, 400.0]
    assert run.calls[-1].host in {2, 3, 8, 9}
    assert len(sim.fleet.in_service) == 4


def test_deploys_follow_each_other_one_waits_for_the_other(tmp_path):
    first = Deploy(name="first", at_s=AT_S, termination_wait_s=40.0)
    second = Deploy(name="second", at_s=150.0, strategy=Canary(share=0.5, wait_s=100.0))
    sim, run = deployed(tmp_path, [first, second])
    assert story(sim, "first")[-1][:2] == (200.0, "deployed")
    assert [(at_s, kind) for at_s, kind, _ in story(sim, "second")] == [
        (200.0, "deploy"),
        (260.0, "provisioned"),
        (260.0, "shifted"),
        (360.0, "shifted"),
        (360.0, "deployed"),
    ]
    assert hosts_between(run, 260.0, 360.0) == {6, 7, 8, 9}
    assert hosts_between(run, 360.0, 1000.0) <= {8, 9, 10, 11}
    halves = [call.host >= 8 for call in between(run, 260.0, 360.0)]
    assert sum(halves) == pytest.approx(50, abs=20)


@pytest.mark.parametrize("retain", [False, True])
def test_the_count_of_the_new_configuration_holds_unless_it_is_retained(tmp_path, retain):
    """Somebody had made six hosts of the four: the deploy makes four again."""
    models = [model("m0")]
    deploy = Deploy(at_s=AT_S, retain_count=retain)
    sim = Simulation(scenario(tmp_path, every(1.0, 300.0)[::20], models, place(), deploys=(deploy,)), records=-1)

    def grow():
        yield sim.env.timeout(50.0)
        for _ in range(2):
            sim.fleet.add()
        sim.fleet.desired = 6

    sim.env.process(grow())
    play(sim)
    assert sim.fleet.desired == (6 if retain else 4)
    assert len(sim.fleet.in_service) == sim.fleet.desired


def test_calls_that_are_on_an_old_host_have_the_time_of_a_drain(tmp_path):
    requests = [(159.0, "m0", 20.0), (159.5, "m1", 50.0), (170.0, "m2", 0.1)]
    sim, run = deployed(tmp_path, [Deploy(at_s=AT_S)], requests=requests)
    assert run.causes == ["ok", "host_lost", "ok"]
    assert run.latencies[:2] == [20.0, pytest.approx(30.5)]
    assert sorted(host.gone_s for host in sim.hosts[:4])[-1] == 190.0


def test_the_new_hosts_have_the_figures_of_the_new_configuration(tmp_path):
    larger = place(hosts=2, vcpu=16)
    sim, run = deployed(tmp_path, [Deploy(at_s=AT_S, endpoint=larger)])
    assert run.data.hosts.vcpu.tolist() == [4] * 4 + [16] * 2
    assert [host.slots.capacity for host in sim.hosts] == [2] * 4 + [8] * 2
    assert sim.fleet.add().config.endpoint == larger  # and so have those that come later


@pytest.mark.parametrize("policy", ["hash", "random", "least_outstanding", "round_robin", "sticky"])
@pytest.mark.parametrize("strategy", [AllAtOnce(), Linear(step=0.3, wait_s=50.0), Rolling(batch=0.3, wait_s=50.0)])
def test_no_call_vanishes_and_none_goes_to_a_host_that_is_off(tmp_path, policy, strategy):
    router = Router(overhead_s=0.0, policy=policy, misroute=0.1)
    sim, run = deployed(tmp_path, [Deploy(at_s=AT_S, strategy=strategy)], router=router)
    assert set(run.data.checks.values()) == {"ok"}
    assert set(run.causes) == {"ok"}
    ends_s = story(sim)[-1][0]
    assert hosts_between(run, ends_s, 1000.0) <= {4, 5, 6, 7}
    assert hosts_between(run, 0.0, 160.0) == {0, 1, 2, 3}


def lost(sim, at_s, row):
    """A host is lost at a time and replaced after a minute."""

    def act():
        yield sim.env.timeout(at_s)
        sim.fleet.lose(sim.hosts[row])
        yield sim.fleet.replace(sim.hosts[row])

    sim.env.process(act())


@pytest.mark.parametrize(
    ("at_s", "row"), [(130.0, 0), (130.0, 3), *((at_s, row) for at_s in (165.0, 255.0) for row in (0, 3, 4, 7))]
)
def test_a_deploy_goes_on_when_a_host_is_lost(tmp_path, at_s, row):
    deploy = Deploy(at_s=AT_S, strategy=Linear(step=0.5, wait_s=100.0))
    models = [model(f"m{k}", load_s=0.5) for k in range(MODELS)]
    sim = Simulation(scenario(tmp_path, every(1.0), models, place(), deploys=(deploy,)), records=-1)
    lost(sim, at_s, row)
    run = play(sim)
    assert story(sim)[-1][:2] == (260.0, "deployed")
    assert [host.side for host in sim.fleet.alive] == [1] * 4
    assert len(sim.fleet.in_service) == 4
    assert hosts_between(run, 330.0, 1000.0) <= {host.row for host in sim.fleet.alive}
    assert all(host.is_empty() for host in sim.hosts if host.is_gone)


def test_what_happens_after_the_end_of_the_run_is_not_told(tmp_path):
    """The deploy goes on while the last call is answered; nobody sees its hosts."""
    requests = [*every(1.0), (999.5, "m0", 50.0)]
    sim, run = deployed(tmp_path, [Deploy(at_s=970.0)], requests)
    assert [at_s for at_s, _, _ in story(sim)][:2] == [970.0, 1030.0]
    assert {str(one.kind) for one in run.data.happened} == {"deploy", "provisioning"}


def test_what_replaces_a_resting_host_rests_until_its_shift(tmp_path):
    # New hosts 4 to 7 are there at 160 s, one of them takes calls; 6, which rests, and 0, old, which rests too, are
    # lost at 170 s. Those in their places, 8 and 9, are there at 230 s; all new hosts take calls from 360 s on.
    canary = Deploy(at_s=AT_S, strategy=Canary(share=0.25, wait_s=200.0), termination_wait_s=60.0)
    models = [model(f"m{k}", load_s=0.5) for k in range(MODELS)]
    sim = Simulation(scenario(tmp_path, every(1.0), models, place(), deploys=(canary,)), records=-1)

    def loss():
        yield sim.env.timeout(170.0)
        for host in (sim.hosts[6], sim.hosts[0]):
            sim.fleet.lose(host)
            sim.fleet.replace(host)
        for until_s in (300.0, 400.0):
            yield sim.env.timeout(until_s - sim.env.now)
            taking.append([host.row for host in sim.fleet.in_service])

    taking: list[list[int]] = []
    sim.env.process(loss())
    play(sim)
    assert [(host.born_s, host.side) for host in sim.hosts[8:]] == [(230.0, 1), (230.0, 0)]
    assert taking == [[1, 2, 3, 4], [4, 5, 7, 8]]


def test_a_batch_takes_the_old_hosts_away_that_rest_whatever_their_numbers(tmp_path):
    # 4 takes calls from 160 s on, 0 rests. It is lost at 170 s, and 5 is there in its place at 230 s, and rests. So 5
    # goes when the batch is over, at 260 s, not 1, to which the router sends.
    rolling = Deploy(at_s=AT_S, strategy=Rolling(batch=0.25, wait_s=100.0))
    lost = Fault.model_validate({"at": 170.0, "instance_loss": {"instance": 0}})
    sim, run = deployed(tmp_path, [rolling], faults=(lost,))
    assert sim.hosts[5].born_s == 230.0
    assert 260.0 <= sim.hosts[5].gone_s < 320.0
    assert hosts_between(run, 231.0, 320.0) == {1, 2, 3, 4}


def test_a_host_in_place_of_an_old_one_does_not_come_into_the_next_deploy(tmp_path):
    # 0 is lost at 150 s, and 8 would be there at 210 s; but the first deploy is over at 160 s. The second one begins at
    # 165 s, and its own hosts are there at 225 s.
    lost = Fault.model_validate({"at": 150.0, "instance_loss": {"instance": 0}})
    sim, run = deployed(tmp_path, [Deploy(at_s=AT_S), Deploy(name="deploy-1", at_s=165.0)], faults=(lost,))
    assert born_and_gone(sim)[8] == (210.0, 210.0)
    assert born_and_gone(sim)[9:] == [(225.0, None)] * 4
    assert hosts_between(run, 226.0, 1000.0) == {9, 10, 11, 12}


def test_a_host_in_place_of_an_old_one_does_not_come_while_the_old_ones_drain(tmp_path):
    # A call keeps the old host 1 until 180 s, and 8 would be there at 170 s in place of 0, lost at 110 s.
    lost = Fault.model_validate({"at": 110.0, "instance_loss": {"instance": 0}})
    sim, _ = deployed(tmp_path, [Deploy(at_s=AT_S)], [(159.0, f"m{k}", 21.0) for k in range(MODELS)], faults=(lost,))
    assert born_and_gone(sim)[8] == (170.0, 170.0)
    assert len(sim.fleet.alive) == 4


def test_a_shift_leaves_a_host_to_its_preloads(tmp_path):
    # New hosts load m0 from 160 to 190 s, and 4 takes calls. 5 is lost at 215 s; 8 is there in its place at 275 s, and
    # loads m0 to 305 s, when it takes calls as the others have done since the shift at 290 s.
    canary = Deploy(at_s=AT_S, strategy=Canary(share=0.25, wait_s=100.0))
    models = [model("m0", load_s=30.0), *(model(f"m{k}", load_s=0.5) for k in range(1, MODELS))]
    given = scenario(tmp_path, every(1.0, 400.0), models, place(preload=("m0",)), deploys=(canary,))
    sim = Simulation(given, records=-1)
    lost(sim, 215.0, 5)
    play(sim)
    opened = [(one.at_s, int(one.figures["host"])) for one in sim.journal.happened if one.kind == "in_service"]
    assert opened == [(190.0, 4), (290.0, 6), (290.0, 7), (305.0, 8)]


def test_a_deploy_that_ends_with_too_few_hosts_says_so(tmp_path):
    # The old hosts are in zones 1, 2, 3 and 1, the new ones too: two of the eight are lost in zone 2, one of each.
    lost = Fault.model_validate({"name": "loss", "at": 170.0, "zone_loss": {"zone": 2, "replace": False}})
    sim, run = deployed(tmp_path, [Deploy(at_s=AT_S, termination_wait_s=60.0)], faults=(lost,))
    at_s, kind, figures = story(sim)[-1]
    assert (at_s, kind, figures["missing"]) == (220.0, "deployed", 1)
    (finding,) = (one for one in deploys(sim.scenario, [run.data]) if one.id == "deploy_short")
    assert "ended 1 short of the instances that the endpoint is set to, in 1 of 1 replications" in finding.text


def test_shares_of_a_linear_shift_are_round(tmp_path):
    shifts = steps(Linear(step=0.3, wait_s=60.0), 10, 10)
    assert [one.share for one in shifts] == [0.3, 0.6, 0.9, 1.0]
