/**
 * Pulumi's property values on the wire: google.protobuf.Struct, in which a map with a signature key stands for what
 * JSON does not know. A property named `__proto__` does not come through: google-protobuf's maps are plain objects. Source of the constants: Pulumi's sdk/go/common/resource/sig and plugin/rpc.go, 3.259.0.
 */
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import {
  isList,
  isMap,
  isSpecial,
  kind,
  mapOf,
  UNKNOWN,
  type Archive,
  type Asset,
  type ResourceReference,
  type Special,
  type Value,
  type ValueMap,
} from "./value.ts";

const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";
const REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

const UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** One for each type of value that is not known: boolean, number, string, array, asset, archive, object. */
const UNKNOWNS: ReadonlySet<string> = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  UNKNOWN_STRING,
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

type Struct = structPb.Struct;
type WireValue = structPb.Value;
const Kind = structPb.Value.KindCase;

export function decodeStruct(struct: Struct | undefined): ValueMap {
  if (!struct) return {};
  return mapOf(
    struct
      .getFieldsMap()
      .getEntryList()
      .map(([key]) => [key, decodeField(struct, key)]),
  );
}

function decodeField(struct: Struct, key: string): Value {
  const value = struct.getFieldsMap().get(key);
  return value ? decodeValue(value) : null;
}

function decodeValue(value: WireValue): Value {
  switch (value.getKindCase()) {
    case Kind.BOOL_VALUE:
      return value.getBoolValue();
    case Kind.NUMBER_VALUE:
      return value.getNumberValue();
    case Kind.STRING_VALUE:
      return UNKNOWNS.has(value.getStringValue()) ? UNKNOWN : value.getStringValue();
    case Kind.LIST_VALUE:
      return value.getListValue()?.getValuesList().map(decodeValue) ?? [];
    case Kind.STRUCT_VALUE:
      return decodeMap(decodeStruct(value.getStructValue()));
    case Kind.NULL_VALUE:
    case Kind.KIND_NOT_SET:
      return null;
  }
}

function decodeMap(map: ValueMap): Value {
  const signature = map[SIGNATURE_KEY];
  if (signature === undefined) return map;
  switch (text(signature) ?? "") {
    case SECRET:
      return { [kind]: "secret", value: map["value"] ?? null };
    case ASSET:
      return decodeAsset(map);
    case ARCHIVE:
      return decodeArchive(map);
    case REFERENCE:
      return decodeReference(map);
    case OUTPUT:
      return decodeOutput(map);
    default:
      throw new TypeError("a property value has a signature that this provider does not know");
  }
}

const text = (value: Value | undefined): string | undefined =>
  typeof value === "string" ? value : undefined;

function texts(map: ValueMap, keys: readonly string[]): Record<string, string> {
  return mapOf(
    keys.flatMap(key => {
      const value = text(map[key]);
      return value === undefined ? [] : [[key, value] as const];
    }),
  );
}

const decodeAsset = (map: ValueMap): Asset => ({
  [kind]: "asset",
  ...texts(map, ["hash", "text", "path", "uri"]),
});

function decodeArchive(map: ValueMap): Archive {
  const plain: Archive = { [kind]: "archive", ...texts(map, ["hash", "path", "uri"]) };
  const parts = map["assets"];
  if (!isMap(parts)) return plain;
  const assets = mapOf(
    Object.entries(parts).flatMap(([name, part]) =>
      isSpecial(part) && (part[kind] === "asset" || part[kind] === "archive") ? [[name, part] as const] : [],
    ),
  );
  return { ...plain, assets };
}

function decodeReference(map: ValueMap): ResourceReference {
  const reference = {
    [kind]: "reference",
    urn: text(map["urn"]) ?? "",
    packageVersion: text(map["packageVersion"]) ?? "",
  } as const;
  const id = map["id"];
  if (id === undefined) return reference;
  // The engine writes an id that is not known yet as the empty string.
  return { ...reference, id: typeof id === "string" && id !== "" ? id : UNKNOWN };
}

function decodeOutput(map: ValueMap): Value {
  const dependencies = map["dependencies"];
  const urns = dependencies !== undefined && isList(dependencies) ? dependencies : [];
  const output = {
    [kind]: "output",
    secret: map["secret"] === true,
    dependencies: urns.filter(urn => typeof urn === "string"),
  } as const;
  return map["value"] === undefined ? output : { ...output, value: map["value"] };
}

export function encodeStruct(map: ValueMap): Struct {
  const struct = new structPb.Struct();
  const fields = struct.getFieldsMap();
  for (const [key, value] of Object.entries(map)) fields.set(key, encodeValue(value));
  return struct;
}

function encodeValue(value: Value): WireValue {
  const wire = new structPb.Value();
  if (value === null) return wire.setNullValue(structPb.NullValue.NULL_VALUE);
  if (typeof value === "boolean") return wire.setBoolValue(value);
  if (typeof value === "number") return wire.setNumberValue(value);
  if (typeof value === "string") return wire.setStringValue(value);
  if (isList(value)) return wire.setListValue(new structPb.ListValue().setValuesList(value.map(encodeValue)));
  if (!isSpecial(value)) return wire.setStructValue(encodeStruct(value));
  const shape = encodeSpecial(value);
  return typeof shape === "string" ? wire.setStringValue(shape) : wire.setStructValue(encodeStruct(shape));
}

function encodeSpecial(value: Special): string | ValueMap {
  switch (value[kind]) {
    case "unknown":
      return UNKNOWN_STRING;
    case "secret":
      return { [SIGNATURE_KEY]: SECRET, value: value.value };
    case "asset":
      return { [SIGNATURE_KEY]: ASSET, ...definedParts(value) };
    case "archive":
      return { [SIGNATURE_KEY]: ARCHIVE, ...definedParts(value) };
    case "reference":
      return {
        [SIGNATURE_KEY]: REFERENCE,
        urn: value.urn,
        packageVersion: value.packageVersion,
        ...(value.id === undefined ? {} : { id: typeof value.id === "string" ? value.id : "" }),
      };
    case "output":
      return {
        [SIGNATURE_KEY]: OUTPUT,
        secret: value.secret,
        dependencies: value.dependencies,
        ...(value.value === undefined ? {} : { value: value.value }),
      };
  }
}

/** The string-keyed parts; the symbol that tells the kind stays behind. */
function definedParts(value: Asset | Archive): ValueMap {
  return mapOf(Object.entries(value).filter((entry): entry is [string, Value] => entry[1] !== undefined));
}
