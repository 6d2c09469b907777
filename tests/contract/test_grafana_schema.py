"""The committed dashboards against the types that Grafana publishes (npm's @grafana/schema), by the TypeScript compiler.

The compiler refuses unknown keys, missing ones and values of other types, in dashboards, variables, annotations, panels
and the options of each kind of panel that we use. What the types leave open (a data source's query, a map layer's style,
the values of overrides) is not checked, nor was a Grafana run. Two versions: the one that the dashboards are built for,
and the newest that was out.
"""

import json
import subprocess
from pathlib import Path

import pytest

from dashboards.grafana.committed import committed
from tests.absence import absent_because

pytestmark = pytest.mark.service

SCHEMAS = Path(__file__).parents[1] / "grafana" / "schemas"
VERSIONS = sorted(path.name for path in SCHEMAS.iterdir() if path.is_dir())
# Kind of panel: where its types are, and whether its fields have settings of their own.
PANELS = {
    "stat": ("stat/panelcfg/x/StatPanelCfg_types.gen", False),
    "table": ("table/panelcfg/x/TablePanelCfg_types.gen", True),
    "timeseries": ("timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen", True),
    "state-timeline": ("statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen", True),
    "geomap": ("geomap/panelcfg/x/GeomapPanelCfg_types.gen", False),
    "text": ("text/panelcfg/x/TextPanelCfg_types.gen", False),
}
OPTIONS = {
    "noEmit": True,
    "strict": True,
    "skipLibCheck": True,
    "module": "esnext",
    "moduleResolution": "bundler",
    "target": "es2022",
    "types": [],
    "preserveSymlinks": True,
}
HEAD = """
// An enum of theirs as the text or number that stands in JSON.
type Plain<T> = 0 extends (1 & T) ? any
  : T extends string ? (string extends T ? string : `${T}`)
  : T extends number ? (number extends T ? number : `${T}` extends `${infer N extends number}` ? N : never)
  : T extends Array<infer U> ? Array<Plain<U>>
  : T extends object ? { [K in keyof T]: Plain<T[K]> }
  : T;
type Fields<C> = Omit<Plain<D.FieldConfig>, 'custom'> & { custom?: Plain<C> };
type PanelOf<K extends string, O, C> = Omit<Plain<D.Panel>, 'type' | 'options' | 'fieldConfig' | 'targets'> & {
  type: K;
  options: Plain<O>;
  fieldConfig?: Omit<Plain<D.FieldConfigSource>, 'defaults'> & { defaults: Fields<C> };
  targets?: Query[];
};
type Query = { refId: string; query: string; datasource: Plain<D.DataSourceRef> };
type Checked = Omit<Plain<D.Dashboard>, 'panels' | 'annotations'> & {
  // Their type of an annotation's query knows Grafana's own annotations alone, and says that it should be any query.
  annotations: { list: Array<Omit<Plain<D.AnnotationQuery>, 'target'> & { target: Query }> };
  panels: AnyPanel[];
};
"""


@pytest.fixture(scope="module", params=VERSIONS)
def compiled(request, tmp_path_factory):
    """Compiles dashboards by their names; the compiler's words by name."""
    modules = SCHEMAS / request.param / "node_modules"
    if not (modules / "typescript").is_dir():
        absent_because(
            f"Grafana's types are not installed: npm ci --prefix {modules.parent} --ignore-scripts"
        )
    types = modules / "@grafana" / "schema" / "dist"
    (dashboard,) = [
        path
        for path in types.rglob("*ypes.gen.d.ts")
        if path.parent.match("raw/dashboard/x") and path.stem.endswith("types.gen.d")
    ]
    folder = tmp_path_factory.mktemp("grafana-types")
    (folder / "node_modules").symlink_to(modules)
    head = [f"import type * as D from '{_module(dashboard)}';"]
    kinds = []
    for number, (kind, (where, own)) in enumerate(PANELS.items()):
        found = types / "esm" / "raw" / "composable" / f"{where}.d.ts"
        head.append(f"import type * as P{number} from '{_module(found)}';")
        kinds.append(f"PanelOf<'{kind}', P{number}.Options, {f'P{number}.FieldConfig' if own else 'never'}>")
    head += [HEAD, f"type AnyPanel = {' | '.join(kinds)};"]

    def call(models):
        for name, model in models.items():
            text = json.dumps(model, ensure_ascii=False, indent=1)
            (folder / f"{name}.ts").write_text(
                "\n".join([*head, f"export const checked: Checked = {text};\n"]), "utf-8"
            )
        (folder / "tsconfig.json").write_text(
            json.dumps({"compilerOptions": OPTIONS, "files": [f"{name}.ts" for name in models]})
        )
        done = subprocess.run(
            ["node", str(modules / "typescript" / "bin" / "tsc"), "--pretty", "false", "-p", str(folder)],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
        )
        found = {name: [] for name in models}
        for line in done.stdout.splitlines():
            # Further lines of an error are indented.
            if not line.startswith(" "):
                found[line.partition(".ts(")[0]].append(line)
        assert bool(done.returncode) == any(found.values()), done.stdout + done.stderr
        return found

    return call


def _module(path):
    return str(path).removesuffix(".d.ts")


def with_least_thresholds(value):
    """The first threshold's null is JSON's way of writing minus infinity; the types want a number."""
    if isinstance(value, dict):
        return {
            key: -1e308
            if (key, item) == ("value", None) and "color" in value
            else with_least_thresholds(item)
            for key, item in value.items()
        }
    return [with_least_thresholds(item) for item in value] if isinstance(value, list) else value


def models():
    return {one.uid: with_least_thresholds(one.model) for one in committed() if one.language == "vi"}


def test_dashboards_have_the_form_of_grafanas_published_types(compiled, require_tool):
    require_tool("node")
    assert compiled(models()) == {uid: [] for uid in models()}


def test_what_is_not_of_that_form_is_noticed(compiled, require_tool):
    require_tool("node")
    sound = models()["btswatch-province-vi"]
    changes = {
        "unknown_key": lambda one: one.update(nonsense=1),
        "no_title": lambda one: one["panels"][0].pop("type"),
        "other_type": lambda one: one["panels"][0]["gridPos"].update(w="wide"),
        "unknown_option": lambda one: one["panels"][0]["options"].update(textMood="bold"),
        "unknown_mode": lambda one: one["panels"][0]["options"].update(colorMode="rainbow"),
        "unknown_default": lambda one: one["panels"][0]["fieldConfig"]["defaults"].update(units="s"),
        "unknown_custom": lambda one: one["panels"][3]["fieldConfig"]["defaults"]["custom"].update(
            lineWith=1
        ),
        "unknown_mapping": lambda one: one["panels"][2]["fieldConfig"]["defaults"]["mappings"][0].update(
            type="x"
        ),
        "unknown_variable": lambda one: one["templating"]["list"][0].update(type="guess"),
    }
    broken = {}
    for name, change in changes.items():
        broken[name] = json.loads(json.dumps(sound))
        change(broken[name])
    found = compiled(broken)
    assert [name for name, errors in found.items() if not errors] == []
