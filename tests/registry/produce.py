"""Writes selections to a topic by the serializers of Confluent: produce.py FORMAT BROKERS REGISTRY TOPIC FIRST LAST.

The case of the number n has the origin "dutch" if n is even, else "non_european"; it is selected if n is divisible by 3, or
if it is of the second group and n is divisible by 5. FORMAT is avro, avro2 (a later version of the schema), protobuf, or checks: assessments
of another shape, which config/mappings/avro-checks.toml describes.
"""

import datetime
import decimal
import sys

from confluent_kafka import Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

AVRO = """
{"type": "record", "name": "Selection", "namespace": "org.example", "fields": [
  {"name": "specversion", "type": "string"},
  {"name": "type", "type": "string"},
  {"name": "source", "type": "string"},
  {"name": "id", "type": "string"},
  {"name": "time", "type": {"type": "long", "logicalType": "timestamp-millis"}},
  {"name": "data", "type": {"type": "record", "name": "Data", "fields": [
    {"name": "case_id", "type": "string"},
    {"name": "profile", "type": {"type": "enum", "name": "Profile", "symbols": ["cub", "other"]}},
    {"name": "selected", "type": "boolean"},
    {"name": "amount", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
    {"name": "groups", "type": ["null", {"type": "map", "values": "string"}]}
  ]}}
]}
"""

# A field was added and others stand in another order.
AVRO2 = """
{"type": "record", "name": "Selection", "namespace": "org.example", "fields": [
  {"name": "remark", "type": ["null", "string"], "default": null},
  {"name": "time", "type": {"type": "long", "logicalType": "timestamp-millis"}},
  {"name": "id", "type": "string"},
  {"name": "source", "type": "string"},
  {"name": "type", "type": "string"},
  {"name": "specversion", "type": "string"},
  {"name": "data", "type": {"type": "record", "name": "Data", "fields": [
    {"name": "groups", "type": ["null", {"type": "map", "values": "string"}], "default": null},
    {"name": "selected", "type": "boolean"},
    {"name": "amount", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
    {"name": "profile", "type": {"type": "enum", "name": "Profile", "symbols": ["cub", "other"]}},
    {"name": "case_id", "type": "string"}
  ]}}
]}
"""

# The shape of the public example "users" of Confluent's Datagen connector, and what an assessment decides.
CHECKS = """
{"type": "record", "name": "assessment", "namespace": "checks", "fields": [
  {"name": "registertime", "type": "long"},
  {"name": "assessmentid", "type": "string"},
  {"name": "regionid", "type": "string"},
  {"name": "gender", "type": {"type": "enum", "name": "Gender", "symbols": ["MALE", "FEMALE", "OTHER"]}},
  {"name": "age", "type": ["null", "int"], "default": null},
  {"name": "decision", "type": {"type": "record", "name": "Decision", "fields": [
    {"name": "selected", "type": "boolean"},
    {"name": "model", "type": ["null", "string"], "default": null},
    {"name": "benefit", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}}
  ]}}
]}
"""

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def event(number):
    group = "dutch" if number % 2 == 0 else "non_european"
    selected = number % 3 == 0 or (number % 2 == 1 and number % 5 == 0)
    return {
        "specversion": "1.0",
        "type": "paritywatch.selection.v1",
        "source": "/test",
        "id": f"s{number}",
        "time": START + datetime.timedelta(seconds=number),
        "data": {
            "case_id": f"c{number}",
            "profile": "cub",
            "selected": selected,
            "amount": "12.50",
            "groups": {"origin": group},
        },
    }


def check(number):
    """Women are selected more often."""
    time = START + datetime.timedelta(minutes=number)
    return {
        "registertime": int(time.timestamp() * 1000),
        "assessmentid": f"A{number:06}",
        "regionid": f"Region_{number % 4 + 1}",
        "gender": ["MALE", "FEMALE", "OTHER"][number % 3],
        "age": None if number % 7 == 0 else 18 + number % 60,
        "decision": {
            "selected": number % 10 == 0 or (number % 3 == 1 and number % 4 == 0),
            "model": None if number % 5 == 0 else "M1",
            "benefit": decimal.Decimal("1250.75"),
        },
    }


def avro(client, text):
    def with_decimal(value, _):
        value["data"]["amount"] = decimal.Decimal(value["data"]["amount"])
        return value

    return AvroSerializer(client, text, with_decimal)


def message_class():
    """Makes the class of the message without a compiler: its file refers to another one."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2

    kinds = descriptor_pb2.FieldDescriptorProto
    inner = descriptor_pb2.FileDescriptorProto(name="data.proto", package="org.example", syntax="proto3")
    data = inner.message_type.add(name="Data")
    profile = data.enum_type.add(name="Profile")
    profile.value.add(name="none", number=0)
    profile.value.add(name="cub", number=1)
    entry = data.nested_type.add(name="GroupsEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=kinds.TYPE_STRING, label=kinds.LABEL_OPTIONAL)
    entry.field.add(name="value", number=2, type=kinds.TYPE_STRING, label=kinds.LABEL_OPTIONAL)
    data.field.add(name="case_id", number=1, type=kinds.TYPE_STRING, label=kinds.LABEL_OPTIONAL)
    data.field.add(
        name="profile", number=2, type=kinds.TYPE_ENUM, type_name=".org.example.Data.Profile", label=kinds.LABEL_OPTIONAL
    )
    data.field.add(name="selected", number=3, type=kinds.TYPE_BOOL, label=kinds.LABEL_OPTIONAL)
    data.field.add(
        name="groups",
        number=4,
        type=kinds.TYPE_MESSAGE,
        type_name=".org.example.Data.GroupsEntry",
        label=kinds.LABEL_REPEATED,
    )
    outer = descriptor_pb2.FileDescriptorProto(
        name="selection.proto",
        package="org.example",
        syntax="proto3",
        dependency=["data.proto", "google/protobuf/timestamp.proto"],
    )
    outer.message_type.add(name="Unused")
    selection = outer.message_type.add(name="Selection")
    for number, name in enumerate(["specversion", "type", "source", "id"], 1):
        selection.field.add(name=name, number=number, type=kinds.TYPE_STRING, label=kinds.LABEL_OPTIONAL)
    for number, name, of in [(5, "time", ".google.protobuf.Timestamp"), (6, "data", ".org.example.Data")]:
        selection.field.add(
            name=name, number=number, type=kinds.TYPE_MESSAGE, type_name=of, label=kinds.LABEL_OPTIONAL
        )
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(timestamp_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(inner)
    pool.Add(outer)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("org.example.Selection"))


def protobuf(client):
    made = message_class()
    serializer = ProtobufSerializer(made, client, {"use.deprecated.format": False})

    def write(value, context):
        message = made(**{name: value[name] for name in ["specversion", "type", "source", "id"]})
        message.time.FromDatetime(value["time"].replace(tzinfo=None))
        data = value["data"]
        message.data.case_id = data["case_id"]
        message.data.profile = 1
        message.data.selected = data["selected"]
        message.data.groups.update(data["groups"])
        return serializer(message, context)

    return write


def main():
    format_name, brokers, registry, topic, first, last = sys.argv[1:]
    client = SchemaRegistryClient({"url": registry})
    serializers = {
        "avro": lambda: avro(client, AVRO),
        "avro2": lambda: avro(client, AVRO2),
        "protobuf": lambda: protobuf(client),
        "checks": lambda: AvroSerializer(client, CHECKS),
    }
    serialize = serializers[format_name]()
    producer = Producer({"bootstrap.servers": brokers, "linger.ms": 5})
    for number in range(int(first), int(last)):
        if format_name == "checks":
            value = check(number)
            key, millis = value["assessmentid"], value["registertime"]
        else:
            value = event(number)
            key, millis = value["data"]["case_id"], int(value["time"].timestamp() * 1000)
        payload = serialize(value, SerializationContext(topic, MessageField.VALUE))
        while True:
            try:
                producer.produce(topic, payload, key=key, timestamp=millis)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    left = producer.flush(60)
    sys.exit(1 if left else 0)


main()
