"""`doctor` says of each fact what follows."""

import json

import msgspec

from jupyter_lambda.client.views.doctor import DoctorView
from jupyter_lambda.model.engine_api import SandboxStatus
from jupyter_lambda.model.environment import Enforcement
from jupyter_lambda.model.host import DockerFacts, HostFacts, ProgramFound, PythonFound
from jupyter_lambda.testing.engine_client import FakeEngineClient

FACTS = HostFacts(
    system="Linux 6.1 x86_64", user="ada", memory_mib=8192, memory_from="cgroup", budget_mib=6000, cpus=2.0, cpus_from="affinity",
    cgroup="cgroup v2", namespaces="root", landlock=4, home="/h", home_file_system="ext4", home_note="",
    docker=DockerFacts(answers=False, note="Start Docker, then retry."),
    pythons=(PythonFound(version="3.12.1", executable="/p", found_by="pyenv"),),
    enforcement=(Enforcement(row="memory", held=True, by="cgroup v2"), Enforcement(row="cpu", held=False, by="nothing", note="no cgroup")),
    consequences=("Run only what you would run in the notebook.",),
)  # fmt: skip


def view(**changes):
    return DoctorView(msgspec.structs.replace(FACTS, **changes), FakeEngineClient().status())


def test_every_line_is_fact_and_consequence():
    lines = view().text().splitlines()
    assert (
        "memory          8,192 MB (cgroup) → functions may hold 6,000 MB of it together → `engine start --set budget_mib=N`"
        in "\n".join(lines)
    )
    assert any(line.startswith("cpu     not held  nothing") for line in lines)
    assert "- Run only what you would run in the notebook." in lines


def test_a_bare_machine_is_told_what_it_lacks_and_what_helps():
    text = view(cgroup="none that we may use", namespaces="none (forbidden)", landlock=0).text()
    assert "a watchdog holds memory limits" in text
    assert "Linux 5.13" in text
    assert "a folder, not a /tmp of its own" in text
    assert "Start Docker, then retry." in text


def test_html_and_json_carry_the_same():
    html = view(system="<Linux>")._repr_html_()
    assert "&lt;Linux&gt;" in html
    assert "not held" in html
    facts = json.loads(json.dumps(view().as_json()))
    assert facts["sandbox"] == "process"
    assert facts["enforcement"][1]["held"] is False


def test_other_languages_say_what_belongs_to_them():
    node = ProgramFound(language="Node", version="24.1.0", executable="/n", note="aws-lambda-ric 4.0.2")
    ruby = ProgramFound(language="Ruby", version="3.1.2", executable="/r")
    assert "languages       Node 24.1.0 (aws-lambda-ric 4.0.2); Ruby 3.1.2 → " in view(programs=(node, ruby)).text()


def test_a_second_sandbox_in_use_has_a_table_of_its_own():
    own = SandboxStatus(kind="process", enforcement=FACTS.enforcement)
    other = SandboxStatus(kind="docker", enforcement=(Enforcement(row="memory", held=True, by="Docker 28"),))
    status = msgspec.structs.replace(FakeEngineClient().status(), sandboxes=(own, other))
    text = DoctorView(FACTS, status).text()
    assert text.index("Limits in the process sandbox:") < text.index("Limits in the docker sandbox:") < text.index("Docker 28")
    assert "functions that ask for it use the docker sandbox" in text
    assert "Limits in the docker sandbox" in DoctorView(FACTS, status).markup()
