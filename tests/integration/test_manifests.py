"""What deploy/kubernetes and deploy/container/compose.yaml name is there: settings, metrics, ports, secrets, roles."""
import json
import re
import subprocess
import unittest

from harness import manifests
from harness.case import Case, free_address
from harness.programs import BUILD, ROOT

PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
VERSION = re.search(r"^VERSION +:= (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE).group(1)


def said_by(program, *arguments):
    return subprocess.run([BUILD / program, *arguments], stdout=subprocess.PIPE, check=True, text=True).stdout


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", text).group(1))


def needs(settings):
    """How long a worker may take to stop, by what its unit says: the grace, half as long again, and 5 seconds."""
    default = re.search(r"^KOPPELING_GRACE_SECONDS=(\d+)", said_by("koppeling-worker", "config"), re.MULTILINE).group(1)
    return 1.5 * int(settings.get("KOPPELING_GRACE_SECONDS", default)) + 5


class Plain(unittest.TestCase):
    """Needs no database and no simulator."""

    @staticmethod
    def troubles():
        return ""

    def check_settings(self, program, settings):
        offered = set(re.findall(r"^  (KOPPELING_[A-Z_]+)=", said_by(program, "--help"), re.MULTILINE))
        named = {name for name in settings if name.startswith("KOPPELING_")}
        self.assertEqual(named - offered, set(), program)
        self.assertIn("KOPPELING_DATABASE_URL_FILE", named)
        for name in named:
            self.assertFalse(name in ("KOPPELING_DATABASE_URL", "KOPPELING_SECRET_KEY"), "secrets stand in files")
        # And the program takes their values; the files are elsewhere.
        values = {name: value for name, value in settings.items() if not name.endswith("_FILE")}
        done = subprocess.run([BUILD / program, "config"], env=values, check=False, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)
        for name, value in values.items():
            if name.startswith("KOPPELING_"):
                self.assertRegex(done.stdout, rf"(?m)^{name}={re.escape(value)} ")


class Kubernetes(Plain):
    def test_every_file_is_named_by_its_kustomization_and_every_name_is_a_file(self):
        for folder, made in manifests.kustomizations():
            with self.subTest(folder=folder.name):
                named = set(made.get("resources", ()))
                self.assertEqual({path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"},
                                 {name for name in named if "/" not in name})
                for name in [name for name in named if "/" in name] + made.get("components", []):
                    self.assertTrue((folder / name / "kustomization.yaml").exists(), name)

    def test_every_setting_is_one(self):
        found = manifests.containers()
        self.assertEqual(len(found), 3)
        for _, container in found:
            self.check_settings(container["command"][0], manifests.settings_of(container))
        for operation in manifests.patches():
            for text in manifests.strings(operation.get("value", {})):
                self.assertFalse(text.startswith("KOPPELING_"), "a setting that no test looks at")

    def test_commands_are_those_of_the_help(self):
        for _, container in manifests.containers():
            program, command = container["command"]
            self.assertRegex(said_by(program, "--help"), rf"{program} {command}\b")

    def test_every_file_that_a_setting_names_comes_from_a_mounted_secret(self):
        for pod, container in manifests.containers():
            (volume,) = pod["spec"]["volumes"]
            (mount,) = container["volumeMounts"]
            self.assertEqual((mount["name"], mount["readOnly"]), (volume["name"], True))
            mounted = {f"{mount['mountPath']}/{item['path']}" for source in volume["projected"]["sources"]
                       for item in source["secret"]["items"]}
            asked = {value for name, value in manifests.settings_of(container).items() if name.endswith("_FILE")}
            self.assertEqual(asked, mounted)

    def test_no_secret_has_a_value_here(self):
        for path in manifests.files():
            for document in manifests.read(path):
                self.assertNotEqual(document["kind"], "Secret", path)
                self.assertEqual([text for text in manifests.strings(document) if "://" in text and "@" in text], [])
                self.assertNotIn("secretGenerator", document)

    def test_probes_ask_what_is_served_where_it_is_served(self):
        pages = (ROOT / "common" / "metrics_server.c").read_text()
        daemons = [pair for pair in manifests.containers() if pair[1]["command"][1] == "run"]
        self.assertEqual(len(daemons), 2)
        for pod, container in daemons:
            port = int(manifests.settings_of(container)["KOPPELING_METRICS_ADDRESS"].rpartition(":")[2])
            self.assertEqual(container["ports"], [{"name": "metrics", "containerPort": port}])
            for probe in PROBES:
                asked = container[probe]["httpGet"]
                self.assertEqual(asked["port"], "metrics")
                self.assertIn(f'{{"{asked["path"]}", ', pages)
            self.assertEqual(pod["metadata"]["annotations"]["prometheus.io/port"], str(port))

    def test_a_worker_is_given_the_time_that_it_takes_to_stop(self):
        (pod, worker), = [pair for pair in manifests.containers() if pair[1]["name"] == "worker"]
        self.assertGreater(pod["spec"]["terminationGracePeriodSeconds"], needs(manifests.settings_of(worker)))

    def test_nothing_has_rights(self):
        for pod, container in manifests.containers():
            self.assertEqual(container["securityContext"], {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}})
            context = pod["spec"]["securityContext"]
            self.assertTrue(context["runAsNonRoot"])
            self.assertEqual(context["seccompProfile"], {"type": "RuntimeDefault"})
            user = re.search(r"--user (\d+):", (ROOT / "deploy" / "make-image").read_text()).group(1)
            self.assertEqual(str(context["runAsUser"]), user)
            self.assertFalse(pod["spec"]["automountServiceAccountToken"])
            # Or a service koppeling-x would set KOPPELING_X_..., which no program knows.
            self.assertFalse(pod["spec"]["enableServiceLinks"])
            self.assertIn("memory", container["resources"]["limits"])

    def test_what_selects_selects_something(self):
        labels = [{**pod["metadata"]["labels"], "app.kubernetes.io/part-of": "koppeling"}
                  for pod, _ in manifests.containers()]
        labels += [{"cnpg.io/cluster": item["metadata"]["name"]} for item in manifests.objects("Cluster")]
        policies = manifests.objects("NetworkPolicy")
        wanted = [item["spec"]["selector"]["matchLabels"] for item in manifests.objects("PodDisruptionBudget")]
        wanted += [item["spec"]["podSelector"]["matchLabels"] for item in policies]
        wanted += [peer["podSelector"]["matchLabels"] for item in policies for way, end in
                   (("ingress", "from"), ("egress", "to")) for rule in item["spec"].get(way, ())
                   for peer in rule[end] if "podSelector" in peer and "namespaceSelector" not in peer]
        self.assertGreater(len(wanted), 8)
        for selector in wanted:
            self.assertTrue(any(selector.items() <= label.items() for label in labels), selector)

    def test_only_postgresql_names_and_https_can_be_reached(self):
        ports = {(port["port"], port["protocol"]) for item in manifests.objects("NetworkPolicy")
                 for rule in item["spec"].get("egress", ()) for port in rule["ports"]}
        self.assertEqual(ports, {(5432, "TCP"), (53, "UDP"), (53, "TCP"), (443, "TCP")})
        for item in manifests.objects("NetworkPolicy"):
            for rule in item["spec"].get("egress", ()):
                self.assertTrue(rule["to"])

    def test_what_is_scaled_is_there(self):
        (scaled,) = manifests.objects("ScaledObject")
        names = {item["metadata"]["name"] for item in manifests.objects("Deployment")}
        self.assertIn(scaled["spec"]["scaleTargetRef"]["name"], names)

    def test_the_image_has_the_version_of_the_programs(self):
        for folder, made in manifests.kustomizations():
            if folder.parent.name == "overlays":
                self.assertEqual([(image["name"], image["newTag"]) for image in made["images"]],
                                 [("koppeling", VERSION)])
        self.assertEqual({container["image"] for _, container in manifests.containers()}, {"koppeling"})

    def test_backups_are_of_the_cluster_and_go_to_the_store_that_is_described(self):
        (cluster,) = manifests.objects("Cluster")
        (store,) = manifests.objects("ObjectStore")
        (nightly,) = manifests.objects("ScheduledBackup")
        (plugin,) = cluster["spec"]["plugins"]
        self.assertEqual(plugin["parameters"]["barmanObjectName"], store["metadata"]["name"])
        self.assertEqual(nightly["spec"]["cluster"]["name"], cluster["metadata"]["name"])
        self.assertEqual(nightly["spec"]["pluginConfiguration"]["name"], plugin["name"])
        patched = json.dumps(manifests.patches())
        for secret in ("app", "ca"):
            self.assertIn(f'"{cluster["metadata"]["name"]}-{secret}"', patched)


class InDatabase(Case):
    def test_the_roles_of_the_cluster_are_those_that_migrate_makes(self):
        (cluster,) = manifests.objects("Cluster")
        statements = cluster["spec"]["bootstrap"]["initdb"]["postInitSQL"]
        made = {name: "NOINHERIT" not in rest for name, rest in
                (re.fullmatch(r"CREATE ROLE (\w+) NOLOGIN(.*)", text).groups()
                 for text in statements if text.startswith("CREATE"))}
        rows = self.db.rows("SELECT rolname, rolinherit FROM pg_roles"
                            " WHERE rolname LIKE 'koppeling\\_%' AND NOT rolcanlogin")
        self.assertEqual(made, {row["rolname"]: row["rolinherit"] for row in rows})
        members = {(member, role) for roles, member in
                   (re.fullmatch(r"GRANT (.*) TO (\w+)", text).groups()
                    for text in statements if text.startswith("GRANT"))
                   for role in roles.split(", ")}
        rows = self.db.rows("SELECT pg_get_userbyid(member) AS member, pg_get_userbyid(roleid) AS role"
                            " FROM pg_auth_members WHERE pg_get_userbyid(member) LIKE 'koppeling\\_%'")
        self.assertEqual(members, {(row["member"], row["role"]) for row in rows})
        for login in cluster["spec"]["managed"]["roles"]:
            self.assertEqual(set(login["inRoles"]) - set(made), set())

    def test_every_metric_is_one(self):
        (scaled,) = manifests.objects("ScaledObject")
        asked = {name for trigger in scaled["spec"]["triggers"]
                 for name in re.findall(r"\bkoppeling_\w+", trigger["metadata"]["query"])}
        self.assertNotEqual(asked, set())
        shown = {row["metric"] for row in self.db.rows("SELECT DISTINCT metric FROM koppeling.gauge")}
        self.assertEqual(asked - shown, set())


    def test_health_of_a_container_is_what_the_program_says(self):
        address = free_address()
        command = manifests.compose_services()["scheduler"]["healthcheck"]["test"][1:]
        command[-1] = command[-1].replace("/9187 ", f"/{address.rpartition(':')[2]} ")

        def is_healthy():
            return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0

        self.assertFalse(is_healthy(), "nobody is there")
        self.start_scheduler(f"--metrics-address={address}")
        self.wait_until(is_healthy, "it is healthy")


class Compose(Plain):
    def daemons(self):
        found = {name: service for name, service in manifests.compose_services().items()
                 if service.get("command", [""])[0].startswith("koppeling-")}
        self.assertEqual(set(found), {"migrate", "scheduler", "worker", "panel", "simulator", "trial"})
        return found

    def test_every_setting_is_one(self):
        for name, service in self.daemons().items():
            if name != "simulator":
                self.check_settings(service["command"][0], service["environment"])

    def test_every_file_is_a_secret_of_the_service_and_every_secret_is_made(self):
        maker = (manifests.COMPOSE.parent / "make-secrets").read_text()
        for service in manifests.compose_services().values():
            granted = service.get("secrets", [])
            asked = {value.rpartition("/")[2] for name, value in (service.get("environment") or {}).items()
                     if name.endswith("_FILE")}
            command = " ".join(manifests.strings(service.get("command", [])))
            asked |= set(re.findall(r"/run/secrets/([a-z.-]+)", command))
            self.assertEqual(asked, set(granted))
            for secret in granted:
                self.assertIn(f">secrets.part/{secret}\n", maker)

    def test_nothing_has_rights(self):
        for name, service in manifests.compose_services().items():
            with self.subTest(service=name):
                self.assertEqual((service["read_only"], service["cap_drop"], service["security_opt"]),
                                 (True, ["ALL"], ["no-new-privileges:true"]))
                self.assertRegex(service["user"], r"^[1-9]\d*:[1-9]\d*$")
                self.assertIn("healthcheck", service)

    def test_health_is_asked_where_it_is_served(self):
        for name in ("scheduler", "worker", "panel", "trial"):
            service = self.daemons()[name]
            port = service["environment"]["KOPPELING_METRICS_ADDRESS"].rpartition(":")[2]
            self.assertIn(f"/dev/tcp/127.0.0.1/{port} ", service["healthcheck"]["test"][-1])

    def test_a_worker_is_given_the_time_that_it_takes_to_stop(self):
        for name in ("worker", "trial"):
            service = self.daemons()[name]
            self.assertGreater(seconds(service["stop_grace_period"]), needs(service["environment"]))

    def test_the_panel_is_on_the_hosts_loopback_address_and_believes_its_gateway_alone(self):
        document = manifests.compose()
        panel = document["services"]["panel"]
        port = panel["environment"]["KOPPELING_PANEL_ADDRESS"].rpartition(":")[2]
        self.assertEqual(panel["ports"], [f"127.0.0.1:{port}:{port}"])
        gateway = document["networks"]["default"]["ipam"]["config"][0]["gateway"]
        self.assertEqual(panel["environment"]["KOPPELING_PANEL_PROXIES"], gateway)
        others = {name for name, service in document["services"].items() if "ports" in service}
        self.assertEqual(others, {"panel"})

    def test_the_trial_knows_only_the_simulator(self):
        services = self.daemons()
        simulator = services["simulator"]["command"]
        port = simulator[simulator.index("--port") + 1]
        trial = services["trial"]
        self.assertEqual(trial["network_mode"], "service:simulator")
        addresses = {name: value for name, value in trial["environment"].items() if name.endswith("_URL")}
        self.assertEqual(len(addresses), 3)
        for value in addresses.values():
            self.assertTrue(value.startswith(f"http://127.0.0.1:{port}"), value)
        self.assertEqual({name for name, service in services.items() if "profiles" in service}, {"simulator", "trial"})
        for option in (word for word in simulator if word.startswith("--")):
            self.assertIn(f"  {option} ", said_by("koppeling-simulator", "--help"))

    def test_the_image_has_the_version_of_the_programs(self):
        for service in self.daemons().values():
            self.assertEqual(service["image"], f"${{IMAGE:-koppeling:{VERSION}}}")
        self.assertIn(f"${{IMAGE:-koppeling:{VERSION}}}", (manifests.COMPOSE.parent / "make-secrets").read_text())
