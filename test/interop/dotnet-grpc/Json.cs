using System.Text.Json;
using System.Text.Json.Serialization;

namespace DotnetGrpc;

static class Json
{
    public static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static string? Text(this JsonElement args, string name) =>
        args.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    public static bool Flag(this JsonElement args, string name) =>
        args.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    public static int? Number(this JsonElement args, string name) =>
        args.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetInt32() : null;

    public static DateTimeOffset? Time(this JsonElement args, string name) =>
        args.Text(name) is string text ? DateTimeOffset.Parse(text) : null;

    /// <summary>A value to be passed on as it is; null when there is none.</summary>
    public static object? Any(this JsonElement args, string name) =>
        args.TryGetProperty(name, out JsonElement value) ? value : null;

    public static List<string> Texts(this JsonElement args, string name) =>
        args.TryGetProperty(name, out JsonElement value) ? value.EnumerateArray().Select(item => item.GetString()!).ToList() : [];
}
