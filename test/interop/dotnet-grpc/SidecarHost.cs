using System.Text.Json;
using DurableTask.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.DurableTask.Testing.Sidecar;
using Microsoft.DurableTask.Testing.Sidecar.Grpc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DotnetGrpc;

/// <summary>The sidecar of the .NET test host, in memory: it serves one worker at a time, and no entities.</summary>
sealed class SidecarHost : IPeer
{
    WebApplication? app;

    public async Task<object?> RunAsync(string op, JsonElement args)
    {
        if (op != "listen") throw new ArgumentException($"unknown operation {op}");
        WebApplicationBuilder builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        // gRPC without TLS needs HTTP/2 from the first byte.
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, args.Number("port") ?? 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        InMemoryOrchestrationService service = new();
        builder.Services.AddSingleton<IOrchestrationService>(service);
        builder.Services.AddSingleton<IOrchestrationServiceClient>(service);
        builder.Services.AddSingleton<TaskHubGrpcServer>();
        this.app = builder.Build();
        // Made now, before the start: it begins to dispatch when the host has started.
        this.app.Services.GetRequiredService<TaskHubGrpcServer>();
        this.app.MapGrpcService<TaskHubGrpcServer>();
        await this.app.StartAsync();
        return this.app.Urls.First();
    }

    public async ValueTask DisposeAsync()
    {
        if (this.app is not null) await this.app.DisposeAsync();
    }
}
