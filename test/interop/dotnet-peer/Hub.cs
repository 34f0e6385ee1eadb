using Azure;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using DurableTask.AzureStorage;
using DurableTask.Core;
using DurableTask.Core.History;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace DotnetPeer;

sealed record Received(string Queue, string MessageId, string PopReceipt, long DequeueCount, MessageData Data);

sealed record StoredHistory(IReadOnlyList<HistoryEvent> Events, string? ExecutionId, ETag? Fence);

/// <summary>One task hub, by the .NET storage SDKs.</summary>
sealed class Hub
{
    const int MaxMessageBytes = 45 * 1024;
    const int MaxColumnUnits = 30 * 1024;
    static readonly OrchestrationInstance Outside = new() { InstanceId = "", ExecutionId = "" };

    readonly string name;
    readonly QueueServiceClient queues;
    readonly BlobContainerClient large;
    readonly TableClient history;
    readonly TableClient instances;
    readonly bool base64;
    long sequence;

    public Hub(string connectionString, string name, string encoding, int partitionCount)
    {
        this.name = name;
        PartitionCount = partitionCount;
        base64 = encoding == "base64";
        queues = new QueueServiceClient(connectionString, new QueueClientOptions
        {
            MessageEncoding = base64 ? QueueMessageEncoding.Base64 : QueueMessageEncoding.None,
        });
        large = new BlobContainerClient(connectionString, $"{name.ToLowerInvariant()}-largemessages");
        history = new TableClient(connectionString, $"{name}History");
        instances = new TableClient(connectionString, $"{name}Instances");
        Partitions = new TableClient(connectionString, $"{name}Partitions");
    }

    public int PartitionCount { get; }

    public TableClient Partitions { get; }

    public string WorkItemQueue => $"{name.ToLowerInvariant()}-workitems";

    public string ControlQueueOf(string instanceId) => ControlQueue(Keys.PartitionOf(instanceId, PartitionCount));

    string ControlQueue(int index) => $"{name.ToLowerInvariant()}-control-{index:D2}";

    public async Task Create()
    {
        await Partitions.CreateIfNotExistsAsync();
        await history.CreateIfNotExistsAsync();
        await instances.CreateIfNotExistsAsync();
        await queues.GetQueueClient(WorkItemQueue).CreateIfNotExistsAsync();
        for (int index = 0; index < PartitionCount; index++)
        {
            await queues.GetQueueClient(ControlQueue(index)).CreateIfNotExistsAsync();
            try
            {
                await Partitions.AddEntityAsync(new TableEntity("", ControlQueue(index)) { ["IsDraining"] = false });
            }
            catch (RequestFailedException error) when (error.Status == 409)
            {
                // It is there already.
            }
        }
    }

    // Messages

    public async Task<string?> Send(
        TaskMessage message, OrchestrationInstance? sender = null, int? episode = null, DateTime? deliverAt = null)
    {
        var data = new MessageData
        {
            ActivityId = Guid.NewGuid(),
            TaskMessage = message,
            SequenceNumber = Interlocked.Increment(ref sequence),
            Episode = episode,
            Sender = sender ?? Outside,
        };
        string instanceId = message.OrchestrationInstance.InstanceId;
        string queue = message.Event is TaskScheduledEvent ? WorkItemQueue : ControlQueueOf(instanceId);
        string text = MessageJson.Write(data);
        string? blob = null;
        if (System.Text.Encoding.UTF8.GetByteCount(text) > MaxMessageBytes)
        {
            blob = $"{instanceId}/message-{data.ActivityId:N}-{message.Event.EventType}.json.gz";
            await PutBlob(blob, text);
            text = MessageJson.Write(new MessageData { CompressedBlobName = blob });
        }
        TimeSpan? delay = deliverAt is { } at && at > DateTime.UtcNow ? at - DateTime.UtcNow : null;
        await queues.GetQueueClient(queue).SendMessageAsync(text, delay, TimeSpan.FromSeconds(-1));
        return blob;
    }

    public async Task<IReadOnlyList<Received>> Receive(string queue, int max)
    {
        QueueMessage[] messages =
            await queues.GetQueueClient(queue).ReceiveMessagesAsync(max, TimeSpan.FromSeconds(30));
        var received = new List<Received>();
        foreach (QueueMessage message in messages)
        {
            string text = message.Body.ToString();
            if (!text.StartsWith('{')) text = System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(text));
            MessageData data = MessageJson.Read(text);
            if (!string.IsNullOrEmpty(data.CompressedBlobName)) data = MessageJson.Read(await GetBlob(data.CompressedBlobName));
            // As the .NET orchestration worker does for every event from outside.
            _ = data.Sender!.InstanceId.StartsWith('@');
            received.Add(new Received(queue, message.MessageId, message.PopReceipt, message.DequeueCount, data));
        }
        return received;
    }

    public async Task Delete(Received message)
    {
        try
        {
            await queues.GetQueueClient(message.Queue).DeleteMessageAsync(message.MessageId, message.PopReceipt);
        }
        catch (RequestFailedException error) when (error.Status is 400 or 404)
        {
            // It was delivered again meanwhile.
        }
    }

    public async Task Abandon(Received message, double seconds = 1)
    {
        try
        {
            await queues.GetQueueClient(message.Queue)
                .UpdateMessageAsync(message.MessageId, message.PopReceipt, visibilityTimeout: TimeSpan.FromSeconds(seconds));
        }
        catch (RequestFailedException error) when (error.Status is 400 or 404)
        {
            // It was delivered again meanwhile.
        }
    }

    // Large texts

    async Task PutBlob(string blob, string text)
    {
        await large.CreateIfNotExistsAsync();
        await large.GetBlobClient(blob).UploadAsync(new BinaryData(Gzip.Pack(text)), overwrite: true);
    }

    async Task<string> GetBlob(string blob)
    {
        BinaryData content = (await large.GetBlobClient(blob).DownloadContentAsync()).Value.Content;
        return Gzip.Unpack(content.ToArray());
    }

    async Task<string?> Restore(string? stored)
    {
        if (stored == null || !Uri.IsWellFormedUriString(stored, UriKind.Absolute)) return stored;
        string blob = new BlobUriBuilder(new Uri(stored)).BlobName;
        string text = await GetBlob(blob);
        return stored.EndsWith("ExecutionStarted.json.gz", StringComparison.Ordinal)
            ? ((ExecutionStartedEvent)MessageJson.Read(text).TaskMessage!.Event).Input
            : text;
    }

    // History

    async Task<List<TableEntity>> Rows(string instanceId)
    {
        var rows = new List<TableEntity>();
        string key = Keys.Escape(instanceId);
        await foreach (TableEntity row in history.QueryAsync<TableEntity>(TableClient.CreateQueryFilter($"PartitionKey eq {key}")))
        {
            foreach (string column in row.Keys.Where(column => column.EndsWith("BlobName")).ToList())
            {
                row[column[..^"BlobName".Length]] = await GetBlob(row.GetString(column));
            }
            rows.Add(row);
        }
        return rows;
    }

    public async Task<StoredHistory> Load(string instanceId)
    {
        List<TableEntity> rows = await Rows(instanceId);
        TableEntity? sentinel = rows.Find(row => row.RowKey == "sentinel");
        string? executionId = (sentinel ?? rows.FirstOrDefault())?.GetString("ExecutionId");
        IEnumerable<HistoryEvent> events = rows
            .TakeWhile(row => row.RowKey != "sentinel" && row.GetString("ExecutionId") == executionId)
            .Select(HistoryRows.FromRow);
        return new StoredHistory(events.ToList(), executionId, sentinel?.ETag);
    }

    /// <summary>Every column that a .NET writer of the same events would not have stored so.</summary>
    public async Task<IEnumerable<string>> RowDifferences(string instanceId)
    {
        StoredHistory stored = await Load(instanceId);
        return (await Rows(instanceId)).Take(stored.Events.Count).SelectMany(HistoryRows.Differences);
    }

    public async Task<JArray> HistoryJson(string instanceId)
    {
        StoredHistory stored = await Load(instanceId);
        return JArray.FromObject(stored.Events.Select(item => JObject.Parse(JsonConvert.SerializeObject(item))));
    }

    /// <returns><c>false</c> when another worker has written meanwhile</returns>
    public async Task<bool> Commit(
        string instanceId, string executionId, int firstIndex, IReadOnlyList<HistoryEvent> items, ETag? fence,
        IDictionary<string, string> blobs)
    {
        string key = Keys.Escape(instanceId);
        int index = firstIndex;
        var rows = new List<TableEntity>();
        foreach (HistoryEvent item in items)
        {
            TableEntity row = HistoryRows.ToRow(item, key, $"{index++:X16}", executionId);
            if (item is TaskScheduledEvent or SubOrchestrationInstanceCreatedEvent) row.Remove("Input");
            foreach (string column in HistoryRows.Offloadable)
            {
                if (row[column] is not string { Length: > MaxColumnUnits } text) continue;
                string blob = $"{key}/history-{row.RowKey}-{item.EventType}-{Random.Shared.Next():X8}-{column}.json.gz";
                await PutBlob(blob, text);
                row[column] = "";
                row[column + "BlobName"] = blob;
                blobs[text] = blob;
            }
            rows.Add(row);
        }
        List<TableEntity[]> chunks = rows.Chunk(99).ToList();
        for (int chunk = 0; chunk < chunks.Count; chunk++)
        {
            bool last = chunk == chunks.Count - 1;
            var batch = chunks[chunk].Select(row => new TableTransactionAction(TableTransactionActionType.UpsertReplace, row)).ToList();
            var sentinel = new TableEntity(key, "sentinel") { ["ExecutionId"] = executionId, ["IsCheckpointComplete"] = last };
            if (last) sentinel["CheckpointCompletedTimestamp"] = DateTime.UtcNow;
            batch.Add(fence is { } etag
                ? new TableTransactionAction(TableTransactionActionType.UpdateMerge, sentinel, etag)
                : new TableTransactionAction(TableTransactionActionType.Add, sentinel));
            try
            {
                Response<IReadOnlyList<Response>> replies = await history.SubmitTransactionAsync(batch);
                fence = replies.Value[^1].Headers.ETag;
            }
            catch (RequestFailedException error) when (error.Status is 409 or 412)
            {
                return false;
            }
        }
        return true;
    }

    // Instances

    public async Task<TableEntity?> InstanceRow(string instanceId)
    {
        NullableResponse<TableEntity> row = await instances.GetEntityIfExistsAsync<TableEntity>(Keys.Escape(instanceId), "");
        return row.HasValue ? row.Value : null;
    }

    public async Task MergeInstance(string instanceId, TableEntity changes, IDictionary<string, string> blobs)
    {
        changes.PartitionKey = Keys.Escape(instanceId);
        changes.RowKey = "";
        changes["TaskHubName"] = name;
        foreach (string column in new[] { "Input", "Output" })
        {
            if (changes[column] is not string { Length: > MaxColumnUnits } text) continue;
            changes[column] = large.GetBlobClient(blobs[text]).Uri.AbsoluteUri;
        }
        await instances.UpsertEntityAsync(changes, TableUpdateMode.Merge);
    }

    public async Task<JObject?> Status(string instanceId)
    {
        if (await InstanceRow(instanceId) is not { } row) return null;
        return new JObject
        {
            ["name"] = row.GetString("Name"),
            ["version"] = row.GetString("Version"),
            ["executionId"] = row.GetString("ExecutionId"),
            ["runtimeStatus"] = Enum.Parse<OrchestrationStatus>(row.GetString("RuntimeStatus")).ToString(),
            ["input"] = await Restore(row.GetString("Input")),
            ["output"] = await Restore(row.GetString("Output")),
            ["customStatus"] = row.GetString("CustomStatus") is { } status ? JToken.Parse(status) : null,
            ["createdTime"] = row.GetDateTime("CreatedTime") != null,
            ["lastUpdatedTime"] = row.GetDateTime("LastUpdatedTime") != null,
            ["completedTime"] = row.GetDateTime("CompletedTime") != null,
            ["generation"] = row.GetInt32("Generation"),
            ["taskHubName"] = row.GetString("TaskHubName"),
            ["tags"] = JToken.Parse(row.GetString("Tags") ?? "null"),
        };
    }

    // What clients do

    public async Task Start(string instanceId, string orchestration, string? input, IDictionary<string, string>? tags)
    {
        TableEntity? existing = await InstanceRow(instanceId);
        int generation = existing == null ? 0 : (existing.GetInt32("Generation") ?? 0) + 1;
        var instance = new OrchestrationInstance { InstanceId = instanceId, ExecutionId = Guid.NewGuid().ToString("N") };
        var started = new ExecutionStartedEvent
        {
            OrchestrationInstance = instance, Name = orchestration, Version = "", Input = input, Tags = tags,
            Generation = generation,
        };
        string? blob = await Send(new TaskMessage { Event = started, OrchestrationInstance = instance });
        var row = new TableEntity(Keys.Escape(instanceId), "")
        {
            ["Input"] = blob == null ? input : large.GetBlobClient(blob).Uri.AbsoluteUri,
            ["CreatedTime"] = started.Timestamp,
            ["Name"] = orchestration,
            ["Version"] = "",
            ["RuntimeStatus"] = "Pending",
            ["LastUpdatedTime"] = DateTime.UtcNow,
            ["TaskHubName"] = name,
            ["ExecutionId"] = instance.ExecutionId,
            ["Generation"] = generation,
            ["Tags"] = JsonConvert.SerializeObject(tags),
        };
        if (blob == null && input is { Length: > MaxColumnUnits })
        {
            // No reader knows this column: the first episode puts things right.
            row["Input"] = "";
            row["InputBlobName"] = $"{Keys.Escape(instanceId)}/history--Input-{Random.Shared.Next():X8}-Input.json.gz";
            await PutBlob(row.GetString("InputBlobName"), input);
        }
        if (existing == null) await instances.AddEntityAsync(row);
        else await instances.UpdateEntityAsync(row, existing.ETag, TableUpdateMode.Replace);
    }

    public Task Tell(string instanceId, HistoryEvent item) =>
        Send(new TaskMessage { Event = item, OrchestrationInstance = new OrchestrationInstance { InstanceId = instanceId } });
}
