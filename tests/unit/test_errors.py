import pickle

from mmesim.errors import CatalogueError, MmesimError, Problem, ScenarioError, SimulationError, UserError, nearest


def test_a_problem_is_one_line_that_names_place_field_and_remedy():
    problem = Problem(
        "a.yaml",
        14,
        "endpoint.instance_type",
        "ml.m5.4xlrage",
        "unknown instance type 'ml.m5.4xlrage'",
        "did you mean x?",
    )
    assert str(problem) == "a.yaml:14: endpoint.instance_type: unknown instance type 'ml.m5.4xlrage' (did you mean x?)"
    assert str(Problem("a.yaml", None, "", None, "is empty")) == "a.yaml: is empty"


def test_a_scenario_error_lists_all_problems():
    problems = [Problem("a.yaml", line, "x", 1, "is wrong") for line in (3, 5)]
    error = ScenarioError(problems)
    assert str(error) == "a.yaml:3: x: is wrong\na.yaml:5: x: is wrong"
    assert error.problems == tuple(problems)


def test_exit_codes_say_who_is_at_fault():
    assert ScenarioError([]).exit_code == CatalogueError("x").exit_code == UserError.exit_code == 64
    assert SimulationError("x").exit_code == MmesimError("x").exit_code == 70


def test_errors_travel_between_processes():
    error = pickle.loads(pickle.dumps(ScenarioError([Problem("a", 1, "b", 2, "c")])))
    assert str(error) == "a:1: b: c"
    assert str(pickle.loads(pickle.dumps(CatalogueError("unknown", "did you mean x?")))) == "unknown (did you mean x?)"


def test_the_nearest_word_is_near_or_nothing():
    assert nearest("ml.m5.4xlrage", ["ml.m5.xlarge", "ml.m5.4xlarge"]) == "ml.m5.4xlarge"
    assert nearest("abc", ["xyz"]) is None
