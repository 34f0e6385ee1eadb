using System.IO.Compression;
using System.Reflection;
using System.Runtime.Serialization;
using System.Text;
using Azure.Data.Tables;
using DurableTask.AzureStorage;
using DurableTask.Core.History;
using Newtonsoft.Json;
using Newtonsoft.Json.Serialization;

namespace DotnetPeer;

/// <summary>Queue messages: types by full name, never an assembly.</summary>
static class MessageJson
{
    static readonly JsonSerializerSettings Settings = new()
    {
        TypeNameHandling = TypeNameHandling.Objects,
        SerializationBinder = new FullNames(),
    };

    public static string Write(MessageData message) => JsonConvert.SerializeObject(message, Settings);

    public static MessageData Read(string json) => JsonConvert.DeserializeObject<MessageData>(json, Settings)!;

    sealed class FullNames : ISerializationBinder
    {
        public void BindToName(Type serializedType, out string? assemblyName, out string? typeName)
        {
            assemblyName = null;
            typeName = serializedType.FullName;
        }

        public Type BindToType(string? assemblyName, string typeName) =>
            typeName.StartsWith("DurableTask.", StringComparison.Ordinal)
                ? typeof(MessageData).Assembly.GetType(typeName, throwOnError: true)!
                : Type.GetType(typeName, throwOnError: true)!;
    }
}

/// <summary>History rows: one column per data member; what is no plain value is JSON text.</summary>
static class HistoryRows
{
    public static readonly string[] Offloadable =
        ["Name", "Input", "Result", "Output", "Reason", "Details", "Correlation", "FailureDetails", "Tags"];

    sealed record Member(string Column, Type Type, Func<object, object?> Get, Action<object, object?> Set);

    public static TableEntity ToRow(HistoryEvent item, string partitionKey, string rowKey, string executionId)
    {
        var row = new TableEntity(partitionKey, rowKey) { ["ExecutionId"] = executionId };
        foreach (Member member in MembersOf(item.GetType()))
        {
            object? value = member.Get(item);
            object? column = value switch
            {
                _ when member.Type == typeof(string) => value,
                Enum name => name.ToString(),
                int or bool => value,
                DateTime date => date.ToUniversalTime(),
                null when Nullable.GetUnderlyingType(member.Type) != null => null,
                _ => JsonConvert.SerializeObject(value),
            };
            if (column != null) row[member.Column] = column;
        }
        return row;
    }

    public static HistoryEvent FromRow(TableEntity row)
    {
        string name = row.GetString("EventType");
        string typeName = name == "GenericEvent" ? name : name + "Event";
        Type type = typeof(HistoryEvent).Assembly.GetType("DurableTask.Core.History." + typeName, throwOnError: true)!;
        var item = (HistoryEvent)Activator.CreateInstance(type)!;
        foreach (Member member in MembersOf(type))
        {
            if (member.Column == "EventType" || !row.ContainsKey(member.Column)) continue;
            Type plain = Nullable.GetUnderlyingType(member.Type) ?? member.Type;
            // The typed getters refuse a column of another type.
            object? value =
                plain == typeof(string) ? row.GetString(member.Column)
                : plain == typeof(int) ? row.GetInt32(member.Column)
                : plain == typeof(bool) ? row.GetBoolean(member.Column)
                : plain == typeof(DateTime) ? row.GetDateTime(member.Column)
                : plain.IsEnum ? Enum.Parse(plain, row.GetString(member.Column))
                : JsonConvert.DeserializeObject(row.GetString(member.Column), plain);
            member.Set(item, value);
        }
        return item;
    }

    /// <summary>What a .NET writer of the same event would have stored differently.</summary>
    public static IEnumerable<string> Differences(TableEntity stored)
    {
        string executionId = stored.GetString("ExecutionId");
        TableEntity expected = ToRow(FromRow(stored), stored.PartitionKey, stored.RowKey, executionId);
        IEnumerable<string> columns = stored.Keys.Union(expected.Keys)
            .Where(column => column is not ("odata.etag" or "Timestamp") && !column.EndsWith("BlobName"));
        foreach (string column in columns)
        {
            object? found = Comparable(stored[column]);
            object? wanted = Comparable(expected[column]);
            // Inputs of tasks are left out unless the hub is told to keep them.
            if (!Equals(found, wanted)) yield return $"{stored.RowKey} {column}: {Show(found)}, but .NET writes {Show(wanted)}";
        }
    }

    static object? Comparable(object? value) => value is DateTime date ? new DateTimeOffset(date) : value;

    static string Show(object? value) => value == null ? "nothing" : $"{value.GetType().Name} {JsonConvert.SerializeObject(value)}";

    static IEnumerable<Member> MembersOf(Type? type)
    {
        const BindingFlags Own =
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        for (; type?.GetCustomAttribute<DataContractAttribute>() != null; type = type.BaseType)
        {
            foreach (MemberInfo member in type.GetMembers(Own))
            {
                if (!member.IsDefined(typeof(DataMemberAttribute), inherit: false)) continue;
                string column = member.Name == "Timestamp" ? "_Timestamp" : member.Name;
                yield return member is PropertyInfo property
                    ? new Member(column, property.PropertyType, property.GetValue, property.SetValue)
                    : new Member(column, ((FieldInfo)member).FieldType, ((FieldInfo)member).GetValue, ((FieldInfo)member).SetValue);
            }
        }
    }
}

static class Keys
{
    public static string Escape(string id)
    {
        var text = new StringBuilder();
        foreach (char c in id)
        {
            if (c == '^') text.Append("^^");
            else if ("/\\#?".IndexOf(c) is var index and >= 0) text.Append('^').Append(index);
            else if (c <= 0x1f || (c >= 0x7f && c <= 0x9f)) text.Append('^').Append((char)(c + 0xc0));
            else text.Append(c);
        }
        return text.ToString();
    }

    public static int PartitionOf(string instanceId, int count)
    {
        uint hash = 2166136261;
        foreach (byte value in Encoding.UTF8.GetBytes(instanceId)) hash = unchecked((hash ^ value) * 16777619);
        return (int)(hash % (uint)count);
    }
}

static class Gzip
{
    public static byte[] Pack(string text)
    {
        using var memory = new MemoryStream();
        using (var zip = new GZipStream(memory, CompressionLevel.Optimal, leaveOpen: true)) zip.Write(Encoding.UTF8.GetBytes(text));
        return memory.ToArray();
    }

    public static string Unpack(byte[] content)
    {
        using var reader = new StreamReader(new GZipStream(new MemoryStream(content), CompressionMode.Decompress), Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
