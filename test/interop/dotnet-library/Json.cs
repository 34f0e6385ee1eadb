using DurableTask.Core.Serializing;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace DotnetLibrary;

/// <summary>Plain JSON, as Durable Functions has it: no type names in payloads, and dates stay texts.</summary>
static class Json
{
    static readonly JsonSerializerSettings Settings = new()
    {
        TypeNameHandling = TypeNameHandling.None,
        DateParseHandling = DateParseHandling.None,
        Formatting = Formatting.None,
    };

    public static readonly JsonDataConverter Converter = new(Settings);

    public static string Write(object? value) => JsonConvert.SerializeObject(value, Settings);

    public static JToken Read(string? text) =>
        text is null ? JValue.CreateNull() : JsonConvert.DeserializeObject<JToken>(text, Settings) ?? JValue.CreateNull();
}
